/**
 * The Web ingress against nginx: the same requests, in rounds that take turns, and what each costs
 * in CPU time, so that how busy the machine is falls on both.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { writeLine } from "../../build/console.ts";
import { wrk } from "../forward/loads.ts";
import { spreadOf } from "../forward/statistics.ts";
import { describeMachine } from "../forward/table.ts";
import { bringTools } from "../forward/tools.ts";
import { cpuSeconds } from "../proc.ts";
import { IDLE_CONNECTIONS, kibPerIdleConnection } from "./idle.ts";
import {
  HOST,
  type Peer,
  type Ports,
  prepare,
  startIngress,
  startNginx,
  startUpstream,
} from "./peers.ts";

interface Workload {
  readonly name: string;
  readonly kind: keyof Ports;
  readonly path: string;
  /** A connection, and so a TLS handshake, for each request. */
  readonly close?: boolean;
}

const WORKLOADS: readonly Workload[] = [
  { name: "proxied, 4 KiB, keep-alive", kind: "proxied", path: "/4k" },
  { name: "proxied, 4 KiB, a connection each", kind: "proxied", path: "/4k", close: true },
  { name: "proxied, 1 MiB, keep-alive", kind: "proxied", path: "/1m" },
  { name: "site, 4 KiB, keep-alive", kind: "site", path: "/4k" },
  { name: "site, 1 MiB, keep-alive", kind: "site", path: "/1m" },
];

const WARM_UP_SECS = 3;

/** Of nginx's work for the same CPU time. */
const AIM = 0.5;

/** `deno task bench ingress [--rounds N] [--seconds S]`. */
export async function benchIngress(args: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: "string" }, seconds: { type: "string" } },
  });
  const rounds = Number(values.rounds ?? 3);
  const seconds = Number(values.seconds ?? 3);
  await bringTools();
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  await prepare(directory);
  const upstream = stack.use(await startUpstream(directory));
  const nginx = stack.use(await startNginx(directory, upstream.ports.site));
  const ingress = stack.use(await startIngress(directory, upstream.ports.site));
  writeLine(`${describeMachine()}\n${rounds} rounds of ${seconds} s: CPU µs for a request\n`);
  for (const workload of WORKLOADS) {
    const costs = { nginx: [] as number[], ingress: [] as number[] };
    // Code that has run for a while is compiled.
    for (const peer of [nginx, ingress]) await costOf(peer, workload, WARM_UP_SECS);
    for (let round = 0; round < rounds; round++) {
      costs.nginx.push(await costOf(nginx, workload, seconds));
      costs.ingress.push(await costOf(ingress, workload, seconds));
    }
    const [theirs, ours] = [spreadOf(costs.nginx).median, spreadOf(costs.ingress).median];
    const ratio = theirs / ours;
    writeLine(
      `${workload.name.padEnd(36)} nginx ${theirs.toFixed(0).padStart(5)}  ingress ` +
        `${ours.toFixed(0).padStart(5)}  ${ratio.toFixed(2)}× nginx${
          ratio < AIM ? "  MISSED" : ""
        }`,
    );
  }
  await reportIdle([nginx, ingress]);
}

/** Microseconds of CPU time for each request. @throws {Error} when requests fail */
async function costOf(peer: Peer, workload: Workload, seconds: number): Promise<number> {
  const { kind, path, close = false } = workload;
  const url = `https://${HOST}:${peer.ports[kind]}${path}`;
  const before = cpuSeconds(peer.pid);
  const result = await wrk({ url, seconds, close });
  // wrk counts the end of a connection that is to end as a failed read.
  if (!close && result.errors > 0) throw new Error(`${peer.name}: ${result.errors} errors`);
  return (cpuSeconds(peer.pid) - before) * 1e6 / result.requests;
}

async function reportIdle(peers: readonly Peer[]): Promise<void> {
  for (const peer of peers) {
    const kib = await kibPerIdleConnection(peer);
    writeLine(`${IDLE_CONNECTIONS} idle connections: ${peer.name} ${kib.toFixed(1)} KiB each`);
  }
}
