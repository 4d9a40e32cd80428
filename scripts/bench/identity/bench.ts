/**
 * What authentication costs with accounts in a shared database, beside what it costs with those in
 * the server's own store: as many authenticated requests as 32 connections get answered. The
 * servers are asked in turns, so that whatever else the machine does befalls them alike; each has
 * a core for itself, and databases and load have the other.
 *
 * @module
 */

import { sleep } from "../../../src/core/clock.ts";
import { systemClock } from "../../../src/system/clock.ts";
import { DatabaseLab, startAll } from "../../testing/databases.ts";
import { run } from "../../build/command.ts";
import { writeLine } from "../../build/console.ts";
import { Lab } from "../../../tests/kit/lab.ts";
import { freePort, freeRange } from "../../../tests/kit/ports.ts";
import { type Programs, sourcePrograms } from "../../../tests/kit/programs.ts";
import { cpuSeconds } from "../proc.ts";
import { type ClosedLoop, sendClosedLoop } from "./closed_loop.ts";
import { quantile, report } from "../report.ts";

const TURNS = 8;
const SECONDS = 1;
const CONNECTIONS = 32;
const TOKEN = "a token for the bench alone";
const [SERVER_CORE, LOAD_CORE] = ["0", "1"];

/** A server, and what its turns measured so far. */
interface Contender {
  readonly kind: string;
  readonly pid: number;
  readonly load: ClosedLoop;
  /** Milliseconds from each request to its answer. */
  readonly latencies: number[];
  /** CPU time of the server in its turns, in seconds. */
  cpuSecs: number;
}

/** Measures the server's own store and every shared database. */
export async function benchIdentity(): Promise<void> {
  writeLine(
    `identity: GET /v1/rules on ${CONNECTIONS} connections, ${TURNS} turns of ${SECONDS} s each`,
  );
  // What this process starts stays with it on its core; servers are put on the other.
  await run(["taskset", "-apc", LOAD_CORE ?? "", `${Deno.pid}`]);
  await using databases = await DatabaseLab.open();
  const urls = await startAll(databases, freeRange(3));
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  for (const kind of ["embedded", "postgres", "mysql", "libsql"] as const) {
    const backend = kind === "embedded" ? {} : { [`backend.${kind}.url`]: urls[kind] };
    contenders.push(await start(stack, kind, backend));
  }
  for (let turn = 0; turn < TURNS; turn++) {
    for (const contender of contenders) await takeTurn(contender);
  }
  contenders.forEach(print);
  const [embedded, ...shared] = contenders;
  if (embedded !== undefined) shared.slice(0, 2).forEach((it) => compare(embedded, it));
}

function compare(embedded: Contender, { kind, latencies }: Contender): void {
  report({
    what: `${kind}: time per request, times that of embedded`,
    value: embedded.latencies.length / latencies.length,
    atMost: 1 / 0.6,
    unit: "x",
  });
  report({
    what: `${kind}: 99th percentile, times that of embedded`,
    value: quantile(latencies, 0.99) / quantile(embedded.latencies, 0.99),
    atMost: 3,
    unit: "x",
  });
}

function print({ kind, latencies, cpuSecs }: Contender): void {
  const perSecond = latencies.length / (TURNS * SECONDS);
  const micros = (cpuSecs / latencies.length) * 1e6;
  writeLine(
    `${kind.padEnd(10)} ${perSecond.toFixed(0)} GET/s, 99th percentile ` +
      `${quantile(latencies, 0.99).toFixed(1)} ms, ${micros.toFixed(0)} µs CPU of the server each`,
  );
}

async function takeTurn(contender: Contender): Promise<void> {
  const { pid, load, latencies } = contender;
  const before = cpuSeconds(pid);
  for (const latency of await sendClosedLoop(load)) latencies.push(latency);
  contender.cpuSecs += cpuSeconds(pid) - before;
}

async function start(
  stack: AsyncDisposableStack,
  kind: string,
  backend: Readonly<Record<string, string>>,
): Promise<Contender> {
  const lab = stack.use(await Lab.open(onServerCore(sourcePrograms())));
  const listen = () => `127.0.0.1:${freePort()}`;
  const http = listen();
  const { process } = await lab.launchServer({
    config: {
      control_listen: listen(),
      operator_http_listen: http,
      metrics_listen: listen(),
      operator_token: TOKEN,
      ...backend,
    },
    // Reading a line for every request would be most of what is measured.
    env: { RUST_LOG: "off" },
  });
  await untilReady(http);
  const [host = "", port = ""] = http.split(":");
  const load = {
    host,
    port: Number(port),
    path: "/v1/rules",
    bearer: TOKEN,
    connections: CONNECTIONS,
    seconds: SECONDS,
  };
  // Connections of the pool, and the compiler, are warm then.
  await sendClosedLoop({ ...load, seconds: 2 });
  return { kind, pid: process.pid, load, latencies: [], cpuSecs: 0 };
}

const onServerCore = (programs: Programs): Programs => ({
  ...programs,
  server: ["taskset", "-c", SERVER_CORE ?? "", ...programs.server],
});

async function untilReady(http: string): Promise<void> {
  const giveUp = AbortSignal.timeout(30_000);
  while (true) {
    const status = await fetch(`http://${http}/readyz`, { signal: giveUp }).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      () => 0,
    );
    giveUp.throwIfAborted();
    if (status === 200) return;
    await sleep(systemClock, 100);
  }
}
