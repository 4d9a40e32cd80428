import assert from "node:assert/strict";
import { findByHash } from "./secret_scan.ts";

/** Rows with a `hash` each, and how many of them were looked at. */
function watched(...hashes: readonly string[]) {
  let looks = 0;
  const rows = hashes.map((hash, n) => ({
    n: BigInt(n),
    get hash() {
      looks++;
      return hash;
    },
  }));
  return { rows, looks: () => looks };
}

Deno.test("findByHash() finds the row of a hash", () => {
  const { rows } = watched("aa", "bb", "cc");
  assert.equal(findByHash(rows, { column: "hash", hash: "bb" })?.n, 1n);
  for (const hash of ["", "b", "bbb", "BB", "dd"]) {
    assert.equal(findByHash(rows, { column: "hash", hash }), undefined, hash);
  }
  assert.equal(findByHash([], { column: "hash", hash: "aa" }), undefined);
});

Deno.test("findByHash() looks at every row, wherever the match is and whether there is one", () => {
  for (const hash of ["aa", "bb", "cc", "none"]) {
    const { rows, looks } = watched("aa", "bb", "cc");
    findByHash(rows, { column: "hash", hash });
    assert.equal(looks(), 3, hash);
  }
});
