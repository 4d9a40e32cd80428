import assert from "node:assert/strict";
import fc from "fast-check";
import { parseQuantity, quantityEcho, quantityText } from "./quantity.ts";

Deno.test("parseQuantity() knows decimal and binary units, and bits of rates", () => {
  const bytes = {
    "0": 0,
    "10 GB": 1e10,
    "1.5kB": 1500,
    "512 MiB": 2 ** 29,
    "2 TiB": 2 ** 41,
    " 7 b ": 7,
  };
  for (const [text, n] of Object.entries(bytes)) {
    assert.equal(parseQuantity(text, "bytes"), n, text);
  }
  const rates = {
    "100 Mbit/s": 12_500_000,
    "8bps": 1,
    "1 MiB/s": 2 ** 20,
    "5": 5,
    "1 gbit": 1.25e8,
  };
  for (const [text, n] of Object.entries(rates)) assert.equal(parseQuantity(text, "rate"), n, text);
});

Deno.test("parseQuantity() refuses what it cannot be sure of", () => {
  for (const text of ["", "-1", "1e3", "1,5 GB", "10 XB", "GB", "9999999 TB"]) {
    assert.equal(parseQuantity(text, "bytes"), null, text);
  }
  assert.equal(parseQuantity("1 MB/s", "bytes"), null, "a rate is no amount");
  assert.equal(parseQuantity("8 Mbit", "bytes"), null);
});

Deno.test("quantityText() is read back as the same number", () => {
  fc.assert(fc.property(
    fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    fc.constantFrom("bytes" as const, "rate" as const),
    (n, kind) => assert.equal(parseQuantity(quantityText(n, kind), kind), n),
  ));
  assert.equal(quantityText(1e10, "bytes"), "10 GB");
  assert.equal(quantityText(2 ** 20, "rate"), "1 MiB/s");
  assert.equal(quantityEcho("100 Mbit/s", "rate"), "= 11.9 MiB/s");
  assert.equal(quantityEcho("x", "rate"), undefined);
});
