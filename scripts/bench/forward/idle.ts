/**
 * What costs something although nothing happens.
 *
 * @module
 */

import { cpuSeconds, residentMiB } from "../proc.ts";
import type { Peer } from "./peers.ts";

/** Each is two descriptors of the relay, and a process has 20,000. */
export const IDLE_PAIRS = 9_000;

/** How many are opened at a time. */
const AT_A_TIME = 100;
/** Memory settles a little after it was asked for. */
const SETTLE_MS = 1_500;
const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

/** Resident memory that `peer` grows by with each connection that has served a request, in KiB. */
export async function kibPerIdlePair(peer: Peer, port: number): Promise<number> {
  const resident = () => peer.pids.reduce((sum, pid) => sum + residentMiB(pid), 0) * 1_024;
  // Whatever the first connections load is not theirs.
  for (const client of await openClients(port, AT_A_TIME)) client.close();
  await pause(SETTLE_MS);
  const before = resident();
  const clients: Deno.TcpConn[] = [];
  try {
    while (clients.length < IDLE_PAIRS) clients.push(...await openClients(port, AT_A_TIME));
    await pause(SETTLE_MS);
    return (resident() - before) / IDLE_PAIRS;
  } finally {
    for (const client of clients) client.close();
  }
}

function openClients(port: number, count: number): Promise<Deno.TcpConn[]> {
  return Promise.all(Array.from({ length: count }, async () => {
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    await client.write(REQUEST);
    if (await client.read(new Uint8Array(1_024)) === null) throw new Error("No answer");
    return client;
  }));
}

/** CPU time of `peer` while nobody asks anything of it, in milliseconds a second. */
export async function idleCpu(peer: Peer, seconds: number): Promise<number> {
  const total = () => peer.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  await pause(SETTLE_MS);
  const before = total();
  await pause(seconds * 1_000);
  return (total() - before) * 1_000 / seconds;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
