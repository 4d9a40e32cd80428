import assert from "node:assert/strict";
import { skip } from "../../../tests/kit/skip.ts";
import { listenStream } from "./linux_listener.ts";
import { localAddress } from "./linux_socket.ts";
import { Loop } from "./loop.ts";
import { Meters } from "./meters.ts";
import { FILE } from "./native/abi.ts";
import { type Libc, openLibc } from "./native/libc.ts";
import { PathCounts } from "./path_counts.ts";
import { COMMAND, EVENT, type Start } from "./protocol.ts";
import { type Message, RECORD_WORDS, Ring } from "./ring.ts";
import { Tallies } from "./tallies.ts";
import { UdpCounts } from "./udp_counts.ts";

function startOf(libc: Libc): Start {
  return {
    commands: Ring.allocate(),
    events: Ring.allocate(),
    tallies: Tallies.allocate(),
    meters: Meters.allocate(),
    udp: { ...UdpCounts.allocate(), seed: 1 },
    pathCounts: PathCounts.allocate(),
    sleeping: new SharedArrayBuffer(8),
    wakeFd: libc.eventfd(0, FILE.NONBLOCK | FILE.CLOEXEC),
    splice: false,
  };
}

/** Runs a Worker's loop in this thread, which does as it is told until it is told to stop. */
function run(libc: Libc, start: Start): number[][] {
  {
    using loop = new Loop(start, libc, () => undefined);
    loop.run();
  }
  libc.close(start.wakeFd);
  const events = new Ring(start.events);
  const record = new Int32Array(RECORD_WORDS);
  const told: number[][] = [];
  while (events.shift(record)) told.push([...record]);
  return told;
}

function send(start: Start, commands: readonly Message[]): void {
  const ring = new Ring(start.commands);
  for (const command of commands) assert.ok(ring.push(command));
}

/** Three clients wait in the queue of a socket; `work` is what a Worker is told to do with it. */
async function withQueue(work: (libc: Libc, fd: number) => number[][]): Promise<void> {
  const libc = openLibc();
  const fd = listenStream({ hostname: "127.0.0.1", port: 0 }, 16, libc);
  const { hostname, port } = localAddress(fd, libc);
  const clients = await Promise.all([1, 2, 3].map(() => Deno.connect({ hostname, port })));
  const told = work(libc, fd);
  const { accepted, unlistened } = EVENT;
  const kinds = told.map(([kind]) => kind).filter((kind) =>
    kind === accepted || kind === unlistened
  );
  assert.deepEqual(kinds, [accepted, accepted, accepted, unlistened]);
  for (const [kind, , socket = -1] of told) if (kind === accepted) libc.close(socket);
  for (const client of clients) client.close();
  libc.close(fd);
}

Deno.test("a Worker that retires from a listener accepts first what it was called for", async () => {
  if (Deno.build.os !== "linux") return skip("Workers", "they are Linux's");
  await withQueue((libc, fd) => {
    const start = startOf(libc);
    send(start, [[COMMAND.listen, 7, fd], [COMMAND.retire, 7], [COMMAND.stop]]);
    return run(libc, start);
  });
});

Deno.test("a Worker that is told to retire while it accepts tells of that connection before the end", async () => {
  if (Deno.build.os !== "linux") return skip("Workers", "they are Linux's");
  await withQueue((real, fd) => {
    const start = startOf(real);
    let isTold = false;
    const libc: Libc = {
      ...real,
      accept4(...parameters) {
        const accepted = real.accept4(...parameters);
        if (!isTold) send(start, [[COMMAND.retire, 7], [COMMAND.stop]]);
        isTold = true;
        return accepted;
      },
    };
    send(start, [[COMMAND.listen, 7, fd]]);
    return run(libc, start);
  });
});
