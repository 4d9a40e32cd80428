import assert from "node:assert/strict";
import type { RuleError } from "../../../src/forward/counters.ts";
import { ERRNO } from "../../../src/forward/linux/native/errno.ts";
import { type Engine, until } from "../kit.ts";
import { startUdpRig, type UdpRig } from "../udp_kit.ts";
import { createFaultyForwarder } from "./faulty_engine.ts";
import type { Mishap } from "./mishaps.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** An engine to whose Workers, or only to the `first` of them, one thing happens. */
function startUnder(mishap: Mishap, first = Infinity): Promise<UdpRig> {
  const engine: Engine = {
    name: "linux",
    hearsIcmp: true,
    create(options) {
      const plan = { seed: 1, mishaps: [mishap], workers: first };
      return createFaultyForwarder({ ...options, plan });
    },
  };
  return startUdpRig({ name: "linux", engine, loopback: "127.0.0.1", ports: 1 });
}

function linuxTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, ignore: Deno.build.os !== "linux" });
}

/** What becomes of a datagram to the target that can't be sent. */
const UNSENT: readonly { readonly how: number; readonly counter: RuleError }[] = [
  { how: ERRNO.EAGAIN, counter: "wouldblock" },
  { how: ERRNO.ENOBUFS, counter: "wouldblock" },
  { how: ERRNO.EMSGSIZE, counter: "emsgsize" },
  { how: ERRNO.EPERM, counter: "send_dropped" },
  { how: ERRNO.ECONNREFUSED, counter: "icmp_evict" },
];

for (const { how, counter } of UNSENT) {
  linuxTest(
    `sendmmsg fails with ${how}: ${counter} counts, and the next datagram passes`,
    async () => {
      await using rig = await startUnder({ call: "sendmmsg", how, chance: 1, times: 1 });
      void rig.target().echo();
      const client = rig.client();
      await client.send(text("lost"));
      await until(() => rig.counters().errors[counter] === 1n);
      assert.equal(rig.counters().activeFlows, counter === "icmp_evict" ? 0 : 1);
      assert.deepEqual(await client.ask(text("passes")), text("passes"));
      const { datagramsIn, bytesIn, errors } = rig.counters();
      assert.deepEqual([datagramsIn, bytesIn], [1n, 6n]);
      assert.equal(Object.values(errors).reduce((sum, count) => sum + count), 1n);
    },
  );
}

linuxTest("a reply that can't be sent is told of, and keeps its flow", async () => {
  const mishap = { call: "sendmmsg", how: ERRNO.EPERM, chance: 1, after: 1, times: 1 } as const;
  await using rig = await startUnder(mishap);
  const client = rig.client();
  await client.send(text("question"));
  const { from } = await rig.target().receive();
  await rig.target().send(text("lost"), from);
  const { fields } = await rig.logger.seen("rule.udp_reply_send_failed");
  assert.match(String(fields.error), /not permitted/);
  await rig.target().send(text("answer"), from);
  assert.deepEqual((await client.receive()).data, text("answer"));
});

linuxTest("a listener that can't receive says so, waits, and goes on by itself", async () => {
  await using rig = await startUnder({
    call: "recvmmsg",
    how: ERRNO.ENOMEM,
    chance: 1,
    times: 1,
  });
  void rig.target().echo();
  const answer = rig.client().ask(text("hello"));
  const { fields } = await rig.logger.seen("rule.udp_listener_recv_failed");
  assert.match(String(fields.error), /allocate memory/);
  rig.clock.advance(50);
  assert.deepEqual(await answer, text("hello"));
});

linuxTest("a flow that can't receive says so, waits, and goes on by itself", async () => {
  const mishap = { call: "recvmmsg", how: ERRNO.ENOMEM, chance: 1, after: 1, times: 1 } as const;
  await using rig = await startUnder(mishap);
  void rig.target().echo();
  const answer = rig.client().ask(text("hello"));
  await rig.logger.seen("rule.udp_reply_recv_error");
  rig.clock.advance(50);
  assert.deepEqual(await answer, text("hello"));
});

linuxTest("a Worker that crashes takes its flows with it, and the ports go on", async () => {
  const mishap = { call: "epoll_wait", how: ERRNO.EBADF, chance: 1, after: 12, times: 1 } as const;
  await using rig = await startUnder(mishap, 1);
  void rig.target().echo();
  const client = rig.client();
  let answers = 0;
  // Two waits for each round at the least, so the crash is within a few.
  for (let round = 0; rig.logger.of("forward.worker_crashed").length === 0; round++) {
    await client.send(text(`${round}`));
    await until(() => {
      answers = Number(rig.counters().datagramsOut);
      return answers > round || rig.logger.of("forward.worker_crashed").length > 0;
    });
  }
  assert.ok(answers > 0, "what was counted before stays");
  const other = rig.client();
  assert.deepEqual(await other.ask(text("again")), text("again"));
  assert.ok(Number(rig.counters().datagramsOut) > answers);
});
