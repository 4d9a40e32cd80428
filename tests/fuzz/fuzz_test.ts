/** The kept inputs, and a small part of what `deno task fuzz` does. */

import assert from "node:assert/strict";
import { seeded } from "../kit/seeded.ts";
import { corpusOf } from "./corpus.ts";
import { decodeProxy } from "./proxy_decoder.ts";
import { fuzz } from "./run.ts";
import type { FuzzTarget } from "./target.ts";
import { TARGETS } from "./targets.ts";

const INPUTS = 1_500;

for (const target of TARGETS) {
  Deno.test(`${target.name} holds on its corpus and on mutations of it`, () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const corpus = corpusOf(target);
    assert.ok(corpus.length > 0);
    const crash = fuzz(target, { corpus, inputs: INPUTS, random: seeded(seed) });
    if (crash === null) return;
    const input = crash.input.toHex();
    throw new Error(`Seed ${seed}, input ${input}: ${crash.error}`, { cause: crash.error });
  });
}

Deno.test("fuzz() finds what goes wrong, and tells the input", () => {
  const target: FuzzTarget = {
    name: "minds a byte",
    run: (input) => assert.ok(!input.includes(0xff)),
  };
  const options = { corpus: [Uint8Array.of(1, 2, 3)], inputs: 10_000, random: seeded(1) };
  assert.ok(fuzz(target, options)?.input.includes(0xff));
});

Deno.test("decodeProxy() refuses what the protocol does not allow", () => {
  const text = (line: string) => new TextEncoder().encode(line);
  const bad = [
    text("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"),
    text("PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n"),
    text("PROXY TCP6 ::1::2 ::1 1 2\r\n"),
    text("PROXY TCP6 ::1 ::1 1 65536\r\n"),
    Uint8Array.fromHex("0d0a0d0a000d0a515549540a2111000b0102030401020304000100"),
  ];
  for (const bytes of bad) assert.throws(() => decodeProxy(bytes), SyntaxError);
});
