import assert from "node:assert/strict";
import { ERRNO } from "../../../src/forward/linux/native/errno.ts";
import {
  echo,
  ended,
  type Engine,
  readExactly,
  type Rig,
  startRig,
  until,
  type Variant,
  writeAll,
} from "../kit.ts";
import { startUdpRig } from "../udp_kit.ts";
import { createFaultyForwarder } from "./faulty_engine.ts";
import type { Mishap } from "./mishaps.ts";

const hello = new TextEncoder().encode("hello");

/** An engine to whose Workers, or only to the `first` of them, one thing happens. */
function engineUnder(mishap: Mishap, first = Infinity): Variant {
  const engine: Engine = {
    name: "linux",
    hearsIcmp: false,
    create(options) {
      const plan = { seed: 1, mishaps: [mishap], workers: first };
      return createFaultyForwarder({ ...options, plan });
    },
  };
  return { name: "linux", engine, loopback: "127.0.0.1", ports: 1 };
}

const startUnder = (mishap: Mishap, first?: number): Promise<Rig> =>
  startRig(engineUnder(mishap, first));

async function echoes(rig: Rig): Promise<void> {
  using client = await rig.connect();
  await writeAll(client, hello);
  assert.deepEqual(await readExactly(client, hello.length), hello);
}

/** Sends until the other side is gone. */
async function flood(connection: Deno.TcpConn): Promise<void> {
  const block = new Uint8Array(1024 * 1024);
  try {
    while (true) await writeAll(connection, block);
  } catch (error) {
    assert.ok(error instanceof Deno.errors.BrokenPipe || isReset(error), `${error}`);
  }
}

const isReset = (error: unknown) => error instanceof Deno.errors.ConnectionReset;

/** What no connection survives, in the middle of a transfer that is spliced. */
const FATAL: readonly { readonly mishap: Mishap; readonly error: RegExp }[] = [
  {
    mishap: { call: "recv", how: ERRNO.ECONNRESET, chance: 1, after: 1 },
    error: /^Connection res/,
  },
  { mishap: { call: "send", how: ERRNO.EPIPE, chance: 1, after: 1 }, error: /^Broken pipe/ },
  { mishap: { call: "send", how: ERRNO.ECONNRESET, chance: 1 }, error: /^Connection reset/ },
  {
    mishap: { call: "splice", how: ERRNO.ECONNRESET, chance: 1, after: 2 },
    error: /^Connection r/,
  },
  { mishap: { call: "splice", how: ERRNO.EPIPE, chance: 1, after: 3 }, error: /^Broken pipe/ },
  { mishap: { call: "splice", how: ERRNO.ENOMEM, chance: 1, after: 5 }, error: /^Cannot allocate/ },
];

for (const { mishap, error } of FATAL) {
  const { call, how, after = 0 } = mishap;
  Deno.test({
    name: `${call} number ${after + 1} fails with ${how}: the connection ends, and no other`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      await using rig = await startUnder({ ...mishap, times: 1 });
      const { client, target } = await rig.pair();
      await Promise.all([flood(client), ended(target)]);
      const { fields } = await rig.logger.seen("rule.conn_error");
      assert.match(String(fields.error), error);
      assert.equal(rig.counters().activeConnections, 0);
      rig.targets.serve(echo);
      await echoes(rig);
    },
  });
}

Deno.test({
  name: "a Worker that can't register a socket ends its connection, and no other",
  ignore: Deno.build.os !== "linux",
  async fn() {
    // The eventfd, two listening sockets, and then one of the connection's.
    const mishap = { call: "epoll_ctl", how: ERRNO.ENOMEM, chance: 1, after: 3, times: 1 } as const;
    await using rig = await startUnder(mishap);
    await ended(await rig.connect());
    await rig.logger.seen("rule.conn_error");
    rig.targets.serve(echo);
    await echoes(rig);
  },
});

Deno.test({
  name: "without descriptors a listener says so, waits, and goes on by itself",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using rig = await startUnder({ call: "accept4", how: ERRNO.EMFILE, chance: 1, times: 2 });
    rig.targets.serve(echo);
    const waiting = echoes(rig);
    for (let time = 1; time <= 2; time++) {
      const { fields } = await rig.logger.seen("rule.accept_error", time);
      assert.match(String(fields.error), /Too many open files/);
      await rig.clock.armed();
      rig.clock.advance(50);
    }
    await waiting;
  },
});

Deno.test({
  name: "a Worker that can't start for want of descriptors is tried again",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const mishap = { call: "epoll_create1", how: ERRNO.EMFILE, chance: 1, times: 1 } as const;
    await using rig = await startUnder(mishap, 1);
    rig.targets.serve(echo);
    const { level, fields } = await rig.logger.seen("forward.worker_crashed");
    assert.equal(level, "error");
    assert.match(String(fields.error), /Too many open files/);
    await rig.clock.armed();
    rig.clock.advance(500);
    await echoes(rig);
  },
});

for (const how of [ERRNO.ENOBUFS, ERRNO.ENOMEM, ERRNO.EPERM]) {
  Deno.test({
    name: `a datagram that can't be sent (${how}) is lost, and its flow goes on`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const mishap = { call: "sendmmsg", how, chance: 1, after: 2, times: 1 } as const;
      await using rig = await startUdpRig(engineUnder(mishap));
      const client = rig.client();
      const lost = () => {
        const { wouldblock, send_dropped } = rig.counters().errors;
        return Number(wouldblock + send_dropped);
      };
      const sources: number[] = [];
      void (async () => {
        while (true) sources.push((await rig.target().receive()).from.port);
      })().catch(() => {/* The rig is gone. */});
      for (let sent = 1; sent <= 8; sent++) {
        await client.send(Uint8Array.of(sent));
        await until(() => sources.length + lost() === sent);
      }
      assert.equal(lost(), 1);
      assert.equal(new Set(sources).size, 1);
      await until(() => rig.counters().bytesIn === 7n);
    },
  });
}
