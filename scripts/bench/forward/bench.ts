/**
 * The data plane's scoreboard: every workload over every relay, in rounds that take turns, so that
 * whatever else the machine does falls on all of them.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { writeLine } from "../../build/console.ts";
import { type Peer, PEERS, startPeer, type Surroundings } from "./peers.ts";
import { startTargets } from "./services.ts";
import { describeMachine, markdown, table, verdictTable } from "./table.ts";
import { verdicts } from "./targets.ts";
import { bringTools } from "./tools.ts";
import { type Sample, type Workload, WORKLOADS } from "./workloads.ts";

/** All rounds of one relay under one workload. */
export interface Result {
  readonly workload: string;
  readonly base: string;
  readonly peer: string;
  readonly samples: readonly Sample[];
}

/** What `--quick` leaves out, to be done in 90 s. */
const SLOW_PEERS: readonly string[] = ["haproxy-splice", "socat", "portable"];

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
      markdown: { type: "boolean" },
    },
  });
  if (values.help) return writeLine(HELP);
  const { quick = false } = values;
  const rounds = Number(values.rounds ?? (quick ? 1 : 5));
  const seconds = Number(values.seconds ?? (quick ? 1 : 4));
  const names = values.peers?.split(",") ??
    PEERS.filter((name) => !quick || !SLOW_PEERS.includes(name));
  const workloads = WORKLOADS.filter(({ name }) =>
    values.workload?.some((part) => name.includes(part)) ?? true
  );
  await bringTools();
  const results = await measureAll({ names, workloads, rounds, seconds });
  const machine = describeMachine();
  const aims = verdicts(results);
  writeLine(`\n${machine}\n${rounds} rounds of ${seconds} s\n`);
  writeLine(
    values.markdown ? markdown(results, aims) : `${table(results)}\n\n${verdictTable(aims)}`,
  );
  if (values.json !== undefined) {
    const report = { machine, rounds, seconds, results, aims };
    await Deno.writeTextFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
}

const HELP = `deno task bench forward [options]
  --quick          one round of 1 s without ${SLOW_PEERS.join(", ")}: 90 s for all of it
  --rounds N       how often every relay gets its turn; 5 without it
  --seconds S      how long each turn takes; 4 without it
  --json FILE      writes every sample, too
  --markdown       prints tables for the README
  --peers A,B      of: ${PEERS.join(", ")}
  --workload TEXT  only those whose name has it; repeat for more. There are:
${WORKLOADS.map(({ name }) => `                     ${name}`).join("\n")}`;

interface Plan {
  readonly names: readonly string[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  readonly seconds: number;
}

async function measureAll({ names, workloads, rounds, seconds }: Plan): Promise<Result[]> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const { ports: targets } = stack.use(await startTargets(directory));
  const surroundings = { targets, directory };
  const peers = new Map<string, Peer>();
  for (const name of names) peers.set(name, stack.use(await startPeer(name, surroundings)));

  const results: Result[] = [];
  for (const workload of workloads) {
    const samples = new Map(names.map((name): [string, Sample[]] => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, peer] of peers) {
        const sample = workload.fresh === undefined
          ? await workload.run(peer, seconds)
          : await measureFresh(name, { workload, surroundings, seconds });
        if (sample !== null) samples.get(name)?.push(sample);
      }
    }
    writeLine(`measured: ${workload.name}`);
    const { name, base } = workload;
    results.push(...names.map((peer) => ({
      workload: name,
      base,
      peer,
      samples: samples.get(peer) ?? [],
    })));
  }
  return results;
}

/** A sample of a relay that is started for it. */
async function measureFresh(
  name: string,
  { workload, surroundings, seconds }: {
    readonly workload: Workload;
    readonly surroundings: Surroundings;
    readonly seconds: number;
  },
): Promise<Sample | null> {
  const { peers = [], unusedRules = 0 } = workload.fresh ?? {};
  if (!peers.includes(name)) return null;
  await using peer = await startPeer(name, { ...surroundings, unusedRules });
  return await workload.run(peer, seconds);
}
