import assert from "node:assert/strict";
import fc from "fast-check";
import { redact } from "./redaction.ts";

Deno.test("redact() keeps hosts and drops what is secret", () => {
  const cases: readonly [string, string][] = [
    ["nothing here: a@b", "nothing here: a@b"],
    ["postgres://u:p@h:5432/db", "postgres://redacted@h:5432/db"],
    ["to postgres://u:p@h/db failed", "to postgres://redacted@h/db failed"],
    ["mysql://u@[::1]:3306/db", "mysql://redacted@[::1]:3306/db"],
    ["mysql://u:p/a#b?c@h/db", "mysql://redacted@h/db"],
    ["mysql://u:p@p@h/db", "mysql://redacted@h/db"],
    ["libsql://h?authToken=x&tls=1#f", "libsql://h?authToken=redacted&tls=1"],
    [
      "https://h/?auth-token=x&API_KEY=y;pwd=z",
      "https://h/?auth-token=redacted&API_KEY=redacted;pwd=redacted",
    ],
    ["https://h/?auth%54oken=x", "https://h/?auth%54oken=redacted"],
    ["https://h/?tokens=x&a=%E0%A4", "https://h/?tokens=x&a=%E0%A4"],
    ["a://u:p@h and b://v:q@i", "a://redacted@h and b://redacted@i"],
  ];
  for (const [text, expected] of cases) assert.equal(redact(text), expected);
});

Deno.test("redact() lets no part of a password through, whatever is in it", () => {
  const part = fc.stringMatching(/^[!-~]{0,8}$/);
  fc.assert(fc.property(part, part, (before, after) => {
    const text = redact(`cannot reach postgres://user:${before}SECRET${after}@db.example:5432/x`);
    assert.equal(text, "cannot reach postgres://redacted@db.example:5432/x");
  }));
});
