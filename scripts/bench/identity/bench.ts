/**
 * What authentication costs with accounts in a shared database, beside what it costs with those in
 * the server's own store: as many authenticated requests as 32 connections get answered.
 *
 * @module
 */

import { sleep } from "../../../src/core/clock.ts";
import { systemClock } from "../../../src/system/clock.ts";
import { DatabaseLab, type DatabaseServer } from "../../testing/databases.ts";
import { writeLine } from "../../build/console.ts";
import { Lab } from "../../../tests/kit/lab.ts";
import { freePort } from "../../../tests/kit/ports.ts";
import { sendClosedLoop } from "./closed_loop.ts";
import { quantile, report } from "../report.ts";

const SECONDS = 5;
const CONNECTIONS = 32;
const TOKEN = "a token for the bench alone";

/** What a kind of accounts was measured at. */
interface Measured {
  readonly perSecond: number;
  /** 99th percentile, in milliseconds. */
  readonly p99: number;
}

/** Measures the server's own store and every shared database, one after the other. */
export async function benchIdentity(): Promise<void> {
  writeLine(`identity: GET /v1/rules on ${CONNECTIONS} connections for ${SECONDS} s each`);
  await using databases = await DatabaseLab.open();
  const embedded = await measure({});
  print("embedded", embedded);
  const shared: readonly [kind: string, start: (port: number) => Promise<DatabaseServer>][] = [
    ["postgres", (port) => databases.postgres(port)],
    ["mysql", (port) => databases.mariadb(port)],
    ["libsql", (port) => databases.sqld(port)],
  ];
  for (const [kind, start] of shared) {
    const { url } = await start(freePort());
    const measured = await measure({ [`backend.${kind}.url`]: url });
    print(kind, measured);
    if (kind !== "postgres") continue;
    report({
      what: `${kind}: time per request, times that of embedded`,
      value: embedded.perSecond / measured.perSecond,
      atMost: 1 / 0.6,
      unit: "x",
    });
    report({
      what: `${kind}: 99th percentile, times that of embedded`,
      value: measured.p99 / embedded.p99,
      atMost: 3,
      unit: "x",
    });
  }
}

function print(kind: string, { perSecond, p99 }: Measured): void {
  writeLine(
    `${kind.padEnd(10)} ${perSecond.toFixed(0)} GET/s, 99th percentile ${p99.toFixed(1)} ms`,
  );
}

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

async function measure(backend: Readonly<Record<string, string>>): Promise<Measured> {
  await using lab = await Lab.open();
  const listen = () => `127.0.0.1:${freePort()}`;
  const http = listen();
  await lab.launchServer({
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
  const load = { host, port: Number(port), path: "/v1/rules", bearer: TOKEN };
  // Connections of the pool, and the compiler, are warm then.
  await sendClosedLoop({ ...load, connections: CONNECTIONS, seconds: 1 });
  const latencies = await sendClosedLoop({ ...load, connections: CONNECTIONS, seconds: SECONDS });
  return { perSecond: latencies.length / SECONDS, p99: quantile(latencies, 0.99) };
}
