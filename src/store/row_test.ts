import assert from "node:assert/strict";
import { assertDeepEqual } from "../../tests/kit/instants.ts";
import { StoreError } from "./database.ts";
import { Row } from "./row.ts";

const row = new Row("credentials", "credential_id", {
  credential_id: "c1",
  hash: "a secret's hash",
  count: 7n,
  large: 2n ** 53n + 1n,
  at: "2026-01-01T02:00:00+02:00",
  flag: 1n,
  nothing: null,
});

Deno.test("Row reads columns as what they are meant to be", () => {
  assertDeepEqual(
    {
      text: row.text("credential_id"),
      number: row.number("count"),
      integer: row.integer("large"),
      boolean: row.boolean("flag"),
      instant: row.instant("at"),
      choice: row.oneOf("credential_id", ["c0", "c1"]),
    },
    {
      text: "c1",
      number: 7,
      integer: 9_007_199_254_740_993n,
      boolean: true,
      instant: Temporal.Instant.from("2026-01-01T00:00:00Z"),
      choice: "c1",
    },
  );
});

Deno.test("Row reads NULL where it may be", () => {
  const nothing = [
    row.textOrNull("nothing"),
    row.integerOrNull("nothing"),
    row.numberOrNull("nothing"),
    row.instantOrNull("nothing"),
  ];
  assert.deepEqual(nothing, [null, null, null, null]);
});

const refusals: readonly [what: string, read: () => unknown, detail: string][] = [
  ["NULL as text", () => row.text("nothing"), "nothing of credential_id c1 is not text"],
  ["an integer as text", () => row.text("count"), "count of credential_id c1 is not text"],
  ["text as an integer", () => row.integer("hash"), "hash of credential_id c1 is not an integer"],
  [
    "an integer that a number cannot hold",
    () => row.number("large"),
    "large of credential_id c1 is not an integer of 53 bits",
  ],
  [
    "text as a timestamp",
    () => row.instant("hash"),
    "hash of credential_id c1 is not an RFC 3339 timestamp",
  ],
  [
    "text that is none of the choices",
    () => row.oneOf("hash", ["active", "revoked"]),
    "hash of credential_id c1 is not active or revoked",
  ],
  ["a column that is not there", () => row.text("other"), "other of credential_id c1 is not text"],
];

for (const [what, read, detail] of refusals) {
  Deno.test(`Row refuses ${what}, and names the place but not the value`, () => {
    assert.throws(read, (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.message, `corruption: credentials.${detail}`);
      return true;
    });
  });
}
