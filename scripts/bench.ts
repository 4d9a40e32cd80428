/**
 * `deno task bench <name>`: measures, and prints what it measured beside what was aimed at. Nothing
 * fails here: machines differ, and so do their days.
 *
 * @module
 */

import { benchControl } from "./bench/control/bench.ts";
import { benchForward } from "./bench/forward/bench.ts";
import { benchIdentity } from "./bench/identity/bench.ts";
import { benchIngress } from "./bench/ingress/bench.ts";
import { benchMemory } from "./bench/memory/bench.ts";
import { benchStartup } from "./bench/startup/bench.ts";
import { benchUi } from "./bench/ui/bench.ts";
import { writeLine } from "./build/console.ts";

const BENCHES: Readonly<
  Record<string, (args?: readonly string[]) => Promise<void>>
> = {
  control: benchControl,
  forward: benchForward,
  identity: benchIdentity,
  ingress: benchIngress,
  memory: benchMemory,
  startup: benchStartup,
  ui: benchUi,
};

// Options belong to the bench that is named before them.
const first = Deno.args.findIndex((arg) => arg.startsWith("-"));
const options = first < 0 ? [] : Deno.args.slice(first);
const named = first < 0 ? Deno.args : Deno.args.slice(0, first);
const names = named.length > 0 ? named : Object.keys(BENCHES);
for (const name of names) {
  const bench = BENCHES[name];
  if (bench === undefined) {
    writeLine(`No bench is called ${name}; there are: ${Object.keys(BENCHES).join(", ")}`);
    Deno.exit(3);
  }
  await bench(options);
}
