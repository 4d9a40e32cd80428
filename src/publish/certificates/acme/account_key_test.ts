import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { AccountKey } from "./account_key.ts";

const PURPOSE = { url: "https://ca.example.test/order", nonce: "n-1", account: null } as const;

function decode(text: string): unknown {
  return JSON.parse(
    new TextDecoder().decode(Uint8Array.fromBase64(text, { alphabet: "base64url" })),
  );
}

interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

Deno.test("sign() makes a JWS that the key in its header verifies", async () => {
  const key = await AccountKey.fromPem(await AccountKey.generatePem());
  const jws = JSON.parse(await key.sign(PURPOSE, { csr: "x" })) as Jws;
  const { jwk, ...header } = decode(jws.protected) as { jwk: JsonWebKey };
  assert.deepEqual(header, { alg: "ES256", nonce: PURPOSE.nonce, url: PURPOSE.url });
  assert.deepEqual(decode(jws.payload), { csr: "x" });
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const publicKey = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
  const good = await crypto.subtle.verify(
    algorithm,
    publicKey,
    Uint8Array.fromBase64(jws.signature, { alphabet: "base64url" }),
    new TextEncoder().encode(`${jws.protected}.${jws.payload}`),
  );
  assert.ok(good);
});

Deno.test("sign() names the account instead of the key, and reads with no payload", async () => {
  const key = await AccountKey.fromPem(await AccountKey.generatePem());
  const account = "https://ca.example.test/account/1";
  const jws = JSON.parse(await key.sign({ ...PURPOSE, account }, null)) as Jws;
  const { nonce, url } = PURPOSE;
  assert.deepEqual(decode(jws.protected), { alg: "ES256", nonce, url, kid: account });
  assert.equal(jws.payload, "");
});

Deno.test("thumbprint() hashes the members that RFC 7638 requires, in their order", async () => {
  const key = await AccountKey.fromPem(await AccountKey.generatePem());
  const jws = JSON.parse(await key.sign(PURPOSE, null)) as Jws;
  const { jwk } = decode(jws.protected) as { jwk: JsonWebKey };
  const text = `{"crv":"P-256","kty":"EC","x":"${jwk.x}","y":"${jwk.y}"}`;
  assert.equal(await key.thumbprint(), createHash("sha256").update(text).digest("base64url"));
});

Deno.test("fromPem() refuses what is no key", async () => {
  await assert.rejects(AccountKey.fromPem("hello"), /no PRIVATE KEY block/);
  await assert.rejects(
    AccountKey.fromPem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
  );
});
