import assert from "node:assert/strict";
import { clientNameProblem, displayNameProblem, isUserId, parsePin, parseUlid } from "./ids.ts";

Deno.test("parseUlid() accepts both cases and returns upper case", () => {
  const ulid = "01JABCDEFGHJKMNPQRSTVWXYZ0";
  assert.equal(parseUlid(ulid), ulid);
  assert.equal(parseUlid(ulid.toLowerCase()), ulid);
  assert.equal(parseUlid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  const invalid = ["", ulid.slice(1), `${ulid}0`, `8${ulid.slice(1)}`, ` ${ulid.slice(1)}`];
  for (const letter of ["I", "L", "O", "U", "-", "\u017f"]) {
    invalid.push(ulid.slice(0, 25) + letter);
  }
  for (const text of invalid) assert.equal(parseUlid(text), null, text);
});

Deno.test("isUserId() is the documented grammar", () => {
  for (const id of ["a", "alice", "a-1_b", "a".repeat(32)]) assert.equal(isUserId(id), true, id);
  const invalid = ["", "_legacy", "1a", "-a", "Alice", "a".repeat(33), "a b", "a\n", "\u00e9"];
  for (const id of invalid) assert.equal(isUserId(id), false, id);
});

Deno.test("parsePin() takes 64 hex digits and returns lower case", () => {
  const pin = "0123456789abcdef".repeat(4);
  assert.equal(parsePin(pin.toUpperCase()), pin);
  for (const text of ["", pin.slice(1), `${pin}0`, `g${pin.slice(1)}`]) {
    assert.equal(parsePin(text), null);
  }
});

Deno.test("clientNameProblem() allows anything printable of up to 255 bytes", () => {
  for (
    const name of ["edge-01", " padded ", "Büro 3", "*", "x".repeat(255), "\u00e9".repeat(127)]
  ) {
    assert.equal(clientNameProblem(name), null, name);
  }
  const invalid = [
    "",
    "   ",
    "\t",
    "x".repeat(256),
    "\u00e9".repeat(128),
    "a\nb",
    "a\u007f",
    "\u0085a",
  ];
  for (const name of invalid) assert.notEqual(clientNameProblem(name), null, JSON.stringify(name));
});

Deno.test("displayNameProblem() allows 1 to 64 bytes", () => {
  for (const name of ["x", "x".repeat(64), "\u00e9".repeat(32)]) {
    assert.equal(displayNameProblem(name), null);
  }
  for (const name of ["", "x".repeat(65), "\u00e9".repeat(33)]) {
    assert.notEqual(displayNameProblem(name), null);
  }
});
