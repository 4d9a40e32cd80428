/**
 * What it costs a server that there are shared accounts: nothing, for one that has none.
 *
 * @module
 */

import { BACKEND_FILES, leaveOut, writeBundledServer } from "../../../tests/kit/bundled_server.ts";
import { Lab, type ServerOptions } from "../../../tests/kit/lab.ts";
import type { Programs } from "../../../tests/kit/programs.ts";
import { freePort } from "../../../tests/kit/ports.ts";
import { writeLine } from "../../build/console.ts";
import { DatabaseLab } from "../../testing/databases.ts";
import { residentMiB } from "../proc.ts";
import { report } from "../report.ts";

const TURNS = 9;

/** A server that is started and measured again and again. */
interface Variant {
  readonly name: string;
  readonly programs: Programs;
  readonly options: ServerOptions;
  /** Milliseconds from nothing to listening. */
  readonly starts: number[];
  /** Resident memory then, in MiB. */
  readonly memory: number[];
}

/** Starts servers without shared accounts, without their code, and with them, in turns. */
export async function benchBackendStart(): Promise<void> {
  writeLine(`server start with and without shared accounts: ${TURNS} of each, in turns, the least`);
  const directory = await Deno.makeTempDir({ prefix: "portunus-bench-" });
  try {
    await using databases = await DatabaseLab.open();
    const { url } = await databases.postgres(freePort());
    const whole = await writeBundledServer(`${directory}/whole`);
    const stripped = await writeBundledServer(`${directory}/stripped`);
    leaveOut(`${directory}/stripped`, BACKEND_FILES);
    const [reference, ...variants] = [
      variant("without their code", stripped, {}),
      variant("no [backend]", whole, {}),
      variant("[backend.postgres]", whole, { config: { "backend.postgres.url": url } }),
    ] as const;
    const all = [reference, ...variants];
    for (let turn = 0; turn < TURNS; turn++) {
      for (const each of all) await measure(each);
    }
    all.forEach(print);
    compare(reference, variants[0]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const variant = (name: string, programs: Programs, options: ServerOptions): Variant => ({
  name,
  programs,
  options,
  starts: [],
  memory: [],
});

async function measure({ programs, options, starts, memory }: Variant): Promise<void> {
  await using lab = await Lab.open(programs);
  const started = performance.now();
  const { process } = await lab.server(options);
  starts.push(performance.now() - started);
  memory.push(residentMiB(process.pid));
}

/** What else the machine does only adds to it. */
const least = (values: readonly number[]) => Math.min(...values);

function print({ name, starts, memory }: Variant): void {
  const [ms, mib] = [least(starts).toFixed(0), least(memory).toFixed(1)];
  writeLine(`${name.padEnd(20)} ${ms} ms, ${mib} MiB`);
}

function compare(reference: Variant, embedded: Variant): void {
  report({
    what: "start without [backend], times that without the code",
    value: least(embedded.starts) / least(reference.starts),
    atMost: 1.1,
    unit: "x",
  });
  report({
    what: "memory without [backend], times that without the code",
    value: least(embedded.memory) / least(reference.memory),
    atMost: 1.05,
    unit: "x",
  });
}
