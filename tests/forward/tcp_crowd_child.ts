/**
 * Clients and targets in a process of their own, where those of an engine and theirs together are
 * more descriptors than one may have. Prints the port of its target, reads from stdin the port of
 * the rule, and prints how many connections were open at a time, each with its bytes unchanged.
 * The argument is how many to open.
 *
 * @module
 */

import assert from "node:assert/strict";
import { bytesFrom, echo, readAll, readExactly, seeded, Targets, writeAll } from "./kit.ts";

/** How many are being opened at a time. */
const AT_A_TIME = 100;
const BYTES = 3_000;

async function main(count: number): Promise<void> {
  using targets = await Targets.listen("127.0.0.1", 1);
  targets.serve(echo);
  await say(targets.ports.start);
  const line = new Uint8Array(16);
  const port = Number(new TextDecoder().decode(line.subarray(0, await Deno.stdin.read(line) ?? 0)));

  const clients: Deno.TcpConn[] = [];
  while (clients.length < count) {
    const opening = Array.from({ length: AT_A_TIME }, () => Deno.connect({ port }));
    clients.push(...await Promise.all(opening));
  }
  const echoed = async (client: Deno.TcpConn, message: Uint8Array) => {
    await Promise.all([
      writeAll(client, message),
      readExactly(client, message.length).then((data) => assert.deepEqual(data, message)),
    ]);
  };
  await Promise.all(clients.map((client, i) => echoed(client, bytesFrom(seeded(i), BYTES))));
  await say(clients.length);
  await Deno.stdin.read(line);
  await Promise.all(clients.map(async (client, i) => {
    await echoed(client, bytesFrom(seeded(count + i), 10));
    await client.closeWrite();
    assert.equal((await readAll(client)).length, 0);
    client.close();
  }));
}

async function say(value: number): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${value}\n`));
}

if (import.meta.main) await main(Number(Deno.args[0]));
