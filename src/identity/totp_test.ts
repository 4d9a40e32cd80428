import assert from "node:assert/strict";
import { systemRandom } from "../system/random.ts";
import { newTotpSecret, totpCode, totpStepOf, totpUri } from "./totp.ts";

/** The secret of RFC 6238's appendix B, `12345678901234567890`, in base32. */
const RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

Deno.test("totpCode() gives the codes of RFC 6238, cut to six digits", async () => {
  const vectors: [number, string][] = [
    [59, "287082"],
    [1_111_111_109, "081804"],
    [1_111_111_111, "050471"],
    [1_234_567_890, "005924"],
    [2_000_000_000, "279037"],
    [20_000_000_000, "353130"],
  ];
  for (const [secs, code] of vectors) {
    assert.equal(await totpCode(RFC_SECRET, secs * 1_000), code);
    assert.equal(await totpStepOf(RFC_SECRET, code, secs * 1_000), Math.floor(secs / 30));
  }
});

Deno.test("totpStepOf() takes the codes beside the current one, and says which it was", async () => {
  const at = (step: number) => step * 30_000;
  const code = await totpCode(RFC_SECRET, at(1_000));
  for (const now of [999, 1_000, 1_001]) {
    assert.equal(await totpStepOf(RFC_SECRET, code, at(now)), 1_000, `at ${now}`);
  }
  assert.equal(await totpStepOf(RFC_SECRET, code, at(1_001) + 29_999), 1_000, "to the last");
  assert.equal(await totpStepOf(RFC_SECRET, code, at(998) + 29_999), null);
  assert.equal(await totpStepOf(RFC_SECRET, code, at(1_002)), null);
});

Deno.test("totpStepOf() takes six digits with spaces between, and nothing else", async () => {
  const now = 59_000;
  assert.equal(await totpStepOf(RFC_SECRET, " 287 082 ", now), 1);
  for (
    const wrong of ["", "28708", "2870820", "287083", "2870a2", "-28708", "٢٨٧٠٨٢", "287082\n"]
  ) {
    assert.equal(await totpStepOf(RFC_SECRET, wrong, now), null, JSON.stringify(wrong));
  }
});

Deno.test("newTotpSecret() is 160 random bits, and totpUri() tells apps all they need", async () => {
  const secret = await newTotpSecret(systemRandom);
  assert.match(secret, /^[A-Z2-7]{32}$/);
  assert.notEqual(await newTotpSecret(systemRandom), secret);
  const uri = new URL(await totpUri(secret, "alice"));
  assert.equal(uri.protocol, "otpauth:");
  assert.equal(uri.pathname.replace(/^\/\/totp/, ""), "/Portunus:alice");
  assert.deepEqual(Object.fromEntries(uri.searchParams), {
    issuer: "Portunus",
    secret,
    algorithm: "SHA1",
    digits: "6",
    period: "30",
  });
});
