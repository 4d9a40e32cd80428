import { connect } from "node:tls";
import { once } from "node:events";
import { residentMiB } from "../proc.ts";
import { HOST, type Peer } from "./peers.ts";

export const IDLE_CONNECTIONS = 9_000;

/** How many are opened at a time. */
const AT_A_TIME = 50;
/** Memory settles a little after it was asked for. */
const SETTLE_MS = 2_000;

/** Resident memory of a process for each TLS connection that has served a request, in KiB. */
export async function kibPerIdleConnection({ pid, ports }: Peer): Promise<number> {
  // Whatever the first connections load is not theirs.
  for (const client of await openClients(ports.proxied)) client.destroy();
  await pause();
  const before = residentMiB(pid);
  const clients: Awaited<ReturnType<typeof openClients>> = [];
  try {
    while (clients.length < IDLE_CONNECTIONS) clients.push(...await openClients(ports.proxied));
    await pause();
    const open = clients.filter(({ destroyed }) => !destroyed).length;
    if (open < clients.length) throw new Error(`${clients.length - open} connections are gone`);
    return (residentMiB(pid) - before) * 1_024 / clients.length;
  } finally {
    for (const client of clients) client.destroy();
  }
}

function openClients(port: number) {
  return Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    const client = connect({
      host: "127.0.0.1",
      port,
      servername: HOST,
      rejectUnauthorized: false,
    });
    await once(client, "secureConnect");
    client.write(`GET /none HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await once(client, "data");
    return client;
  }));
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, SETTLE_MS));
