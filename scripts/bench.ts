/**
 * `deno task bench <name>`: measures, and prints what it measured beside what was aimed at. Nothing
 * fails here: machines differ, and so do their days.
 *
 * @module
 */

import { benchControl } from "./bench/control/bench.ts";
import { benchMemory } from "./bench/memory/bench.ts";
import { benchStartup } from "./bench/startup/bench.ts";
import { writeLine } from "./build/console.ts";

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  control: benchControl,
  memory: benchMemory,
  startup: benchStartup,
};

const names = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
for (const name of names) {
  const bench = BENCHES[name];
  if (bench === undefined) {
    writeLine(`No bench is called ${name}; there are: ${Object.keys(BENCHES).join(", ")}`);
    Deno.exit(3);
  }
  await bench();
}
