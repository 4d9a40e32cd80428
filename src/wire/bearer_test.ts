import assert from "node:assert/strict";
import { bearerHeader, readBearer } from "./bearer.ts";

const LONGEST = "t".repeat(256);

for (
  const [header, token] of [
    ["Bearer abc", "abc"],
    ["Bearer  abc", "abc"],
    ["Bearer a b", "a b"],
    [`Bearer ${LONGEST}`, LONGEST],
  ] as const
) {
  Deno.test(`readBearer() finds the token of ${header.length} characters`, () => {
    assert.equal(readBearer(header), token);
  });
}

for (
  const [header, code] of [
    [undefined, "missing_token"],
    ["", "malformed_token"],
    ["Bearer", "malformed_token"],
    ["bearer abc", "malformed_token"],
    ["BEARER abc", "malformed_token"],
    ["Basic abc", "malformed_token"],
    [" Bearer abc", "malformed_token"],
    ["Bearer\tabc", "malformed_token"],
    ["Bearer caf\u00e9", "malformed_token"],
    ["Bearer a\x7f", "malformed_token"],
    ["Bearer ", "missing_token"],
    ["Bearer    ", "missing_token"],
    [`Bearer ${LONGEST}t`, "malformed_token"],
  ] as const
) {
  Deno.test(`readBearer() answers ${code} to ${JSON.stringify(header)?.slice(0, 24)}`, () => {
    assert.throws(() => readBearer(header), { code });
  });
}

Deno.test("bearerHeader() refuses what cannot be a metadata value", () => {
  assert.equal(bearerHeader("abc"), "Bearer abc");
  for (const token of ["a\nb", "a\0", "caf\u00e9", "\u4e2d"]) {
    assert.equal(bearerHeader(token), null);
  }
});
