/**
 * What a connection that waits costs a client, in resident memory.
 *
 * @module
 */

import { sourcePrograms } from "../../../tests/kit/programs.ts";
import { freePort } from "../../../tests/kit/ports.ts";
import { TestProcess } from "../../../tests/kit/process.ts";
import { writeLine } from "../../build/console.ts";
import { residentMiB } from "../proc.ts";
import { report } from "../report.ts";
import { openPairs, type Pair } from "./pairs.ts";

/** Each is two descriptors of the client and two of ours; a process has 20,000. */
const CONNECTIONS = 9_000;
/** What 3.2.0 promises of the portable engine. */
const IDLE_MAX_KIB = 12;

/** Opens connections through a standalone client, and tells what they added to it. */
export async function benchMemory(): Promise<void> {
  writeLine(`memory: ${CONNECTIONS} TCP connections through a standalone client`);
  using target = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1_024 });
  const directory = await Deno.makeTempDir();
  try {
    const port = freePort();
    await using client = await startClient(directory, port, target.addr.port);
    const kibEach = kibPerConnection(client.pid);
    const pairs = await openPairs({ port, target, count: CONNECTIONS });
    report({ what: "idle, never used", value: await kibEach(), atMost: IDLE_MAX_KIB, unit: "KiB" });
    await exchange(pairs, 100);
    report({ what: "idle after 100 B each way", value: await kibEach(), atMost: 16, unit: "KiB" });
    await exchange(pairs, 32 * 1_024);
    report({ what: "idle after 32 KiB each way", value: await kibEach(), atMost: 24, unit: "KiB" });
    for (const { outside, inside } of pairs) {
      outside.close();
      inside.close();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A client that has served a connection, so that its code is loaded. */
async function startClient(
  directory: string,
  port: number,
  targetPort: number,
): Promise<TestProcess> {
  const path = `${directory}/portunus.toml`;
  const head = `[global]\nlog_level = "info"\n[stats]\nsocket_path = "${directory}/stats.sock"\n`;
  const rule = `[[rule]]\nname = "bench"\nlisten_port = ${port}\n` +
    `target = "127.0.0.1:${targetPort}"\n`;
  await Deno.writeTextFile(path, head + rule);
  const { client, env } = sourcePrograms();
  const process = new TestProcess({
    name: "standalone",
    command: [...client, "standalone", "--config", path],
    env: { ...env, HOME: directory },
  });
  await process.event("standalone.started");
  return process;
}

/** Measures from now on; memory of a process settles a little after it was asked for. */
function kibPerConnection(pid: number): () => Promise<number> {
  const before = residentMiB(pid);
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return (residentMiB(pid) - before) * 1_024 / CONNECTIONS;
  };
}

/** `bytes` there and back on every connection, one after another. */
async function exchange(pairs: readonly Pair[], bytes: number): Promise<void> {
  const data = new Uint8Array(bytes);
  for (const { outside, inside } of pairs) {
    await Promise.all([writeAll(outside, data), readExactly(inside, bytes)]);
    await Promise.all([writeAll(inside, data), readExactly(outside, bytes)]);
  }
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

const scratch = new Uint8Array(64 * 1_024);

async function readExactly(conn: Deno.Conn, bytes: number): Promise<void> {
  for (let rest = bytes; rest > 0;) {
    const count = await conn.read(scratch);
    if (count === null) throw new Error(`The stream ended ${rest} bytes early`);
    rest -= count;
  }
}
