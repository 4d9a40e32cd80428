/**
 * `deno task soak [--connections N] [--minutes N] [--seed N]`: traffic of every kind through a
 * standalone client, then a check that every byte came back, counters add up, and neither memory
 * nor descriptors are left. With `--fleet`: through a server's five clients, whose rules come and go
 * and whose processes are killed. Status 1 when anything is wrong.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { seeded } from "../tests/kit/seeded.ts";
import { writeLine } from "./build/console.ts";
import { soakFleet } from "./soak/fleet.ts";
import { soak } from "./soak/soak.ts";
import { standaloneWorld } from "./soak/standalone.ts";

const { values } = parseArgs({
  options: {
    fleet: { type: "boolean", default: false },
    connections: { type: "string", default: "1000000" },
    minutes: { type: "string", default: "20" },
    seed: { type: "string", default: `${Math.floor(Math.random() * 2 ** 32)}` },
  },
});
const what = values.fleet ? "a fleet" : `${values.connections} connections`;
writeLine(
  `soak: ${what} in up to ${values.minutes} min, seed ${values.seed}`,
);

const started = performance.now();
let problems: readonly string[];
if (values.fleet) {
  const random = seeded(Number(values.seed));
  problems = await soakFleet({ minutes: Number(values.minutes), random });
} else {
  await using world = await standaloneWorld();
  problems = await soak(world, {
    connections: Number(values.connections),
    minutes: Number(values.minutes),
    random: seeded(Number(values.seed)),
  });
}
for (const problem of problems) writeLine(`WRONG  ${problem}`);
writeLine(`${((performance.now() - started) / 1_000).toFixed(0)} s, ${problems.length} problems`);
Deno.exit(problems.length === 0 ? 0 : 1);
