/**
 * The data plane's scoreboard: every workload over every relay, in rounds that take turns, so that
 * whatever else the machine does falls on all of them.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { writeLine } from "../../build/console.ts";
import { type Peer, PEERS, startPeer } from "./peers.ts";
import { startTargets } from "./services.ts";
import { describeMachine, table } from "./table.ts";
import { bringTools } from "./tools.ts";
import { type Sample, type Workload, WORKLOADS } from "./workloads.ts";

/** All rounds of one relay under one workload. */
export interface Result {
  readonly workload: string;
  readonly base: string;
  readonly peer: string;
  readonly samples: readonly Sample[];
}

/** `deno task bench forward [options]`; see `--help`. */
export async function benchForward(args: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean" },
      quick: { type: "boolean" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      peers: { type: "string" },
      workload: { type: "string", multiple: true },
      json: { type: "string" },
    },
  });
  if (values.help) return writeLine(HELP);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  const seconds = Number(values.seconds ?? (values.quick ? 1 : 4));
  const names = values.peers?.split(",") ?? PEERS;
  const workloads = WORKLOADS.filter(({ name }) =>
    values.workload?.some((part) => name.includes(part)) ?? true
  );
  await bringTools();
  const results = await measureAll({ names, workloads, rounds, seconds });
  writeLine(`\n${describeMachine()}\n${rounds} rounds of ${seconds} s\n`);
  writeLine(table(results));
  if (values.json !== undefined) {
    await Deno.writeTextFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
  }
}

const HELP = `deno task bench forward [--quick] [--rounds N] [--seconds S] [--json FILE]
  --peers A,B      of: ${PEERS.join(", ")}
  --workload TEXT  only those whose name has it; repeat for more. There are:
${WORKLOADS.map(({ name }) => `                     ${name}`).join("\n")}`;

async function measureAll(
  { names, workloads, rounds, seconds }: {
    readonly names: readonly string[];
    readonly workloads: readonly Workload[];
    readonly rounds: number;
    readonly seconds: number;
  },
): Promise<Result[]> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const { ports: targets } = stack.use(await startTargets(directory));
  const peers: Peer[] = [];
  for (const name of names) peers.push(stack.use(await startPeer(name, { targets, directory })));

  const results: Result[] = [];
  for (const workload of workloads) {
    const samples = peers.map((): Sample[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, peer] of peers.entries()) {
        const running = workload.run(peer, seconds);
        if (running !== null) samples[i]?.push(await running);
      }
    }
    writeLine(`measured: ${workload.name}`);
    results.push(...peers.map(({ name }, i) => ({
      workload: workload.name,
      base: workload.base,
      peer: name,
      samples: samples[i] ?? [],
    })));
  }
  return results;
}
