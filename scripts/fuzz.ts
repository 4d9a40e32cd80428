/**
 * `deno task fuzz [--inputs N] [--seed N] [target …]`: feeds everything that reads foreign input
 * with mutations of its corpus. An input that goes wrong is kept there and ends the run with
 * status 1.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { corpusOf, keepCrash } from "../tests/fuzz/corpus.ts";
import { fuzz } from "../tests/fuzz/run.ts";
import { TARGETS } from "../tests/fuzz/targets.ts";
import { seeded } from "../tests/kit/seeded.ts";
import { writeLine } from "./build/console.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: `${Math.floor(Math.random() * 2 ** 32)}` },
  },
});
const unknown = positionals.filter((name) => !TARGETS.some((target) => target.name === name));
if (unknown.length > 0) {
  const names = TARGETS.map(({ name }) => name).join(", ");
  writeLine(`No target is called ${unknown.join(", ")}; there are: ${names}`);
  Deno.exit(3);
}
const targets = TARGETS.filter(({ name }) =>
  positionals.length === 0 || positionals.includes(name)
);
const inputs = Math.ceil(Number(values.inputs) / targets.length);
writeLine(`seed ${values.seed}: ${inputs} inputs for each of ${targets.length} targets`);

let crashes = 0;
for (const target of targets) {
  const started = performance.now();
  const corpus = corpusOf(target);
  const crash = fuzz(target, { corpus, inputs, random: seeded(Number(values.seed)) });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  if (crash === null) {
    writeLine(`${target.name.padEnd(16)} ${corpus.length} kept, ${inputs} mutated, ${seconds} s`);
    continue;
  }
  crashes += 1;
  writeLine(`${target.name.padEnd(16)} WRONG: ${crash.error}`);
  writeLine(`  kept as ${await keepCrash(target, crash.input)}`);
}
Deno.exit(crashes === 0 ? 0 : 1);
