import assert from "node:assert/strict";
import type { RateLimit } from "../../src/core/rate_limit.ts";
import { ENGINES, openOnFreePorts, until, VARIANTS } from "./kit.ts";
import { udpRule } from "./rules.ts";
import { type Client, clientOf, startUdpRig, UdpPeer, type UdpRig } from "./udp_kit.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** How caps can be put on the rule of a rig. */
const SCOPES: readonly {
  readonly scope: "rule" | "owner";
  readonly set: (rig: UdpRig, limits: RateLimit | null) => void;
  readonly rejects: (rig: UdpRig) => Readonly<Record<string, bigint>> | undefined;
}[] = [
  {
    scope: "rule",
    set: (rig, limits) => assert.deepEqual(rig.forwarder.setLimits(1n, limits), { ok: true }),
    rejects: (rig) => rig.counters().rateLimit?.rejects,
  },
  {
    scope: "owner",
    set: (rig, limits) => rig.forwarder.setOwnerLimits("alice", limits),
    rejects: (rig) => rig.forwarder.counters().owners[0]?.rateLimit.rejects,
  },
];

/** Sends `count` datagrams of 100 bytes, one after the other; how many arrive. */
async function sendHundreds(rig: UdpRig, client: Client, count: number): Promise<number> {
  const before = rig.counters();
  const dropped = () => rig.counters().errors.bandwidth_dropped_in;
  for (let i = 0; i < count; i++) await client.send(new Uint8Array(100));
  const passed = () => Number(rig.counters().datagramsIn - before.datagramsIn);
  const lost = () => Number(dropped() - before.errors.bandwidth_dropped_in);
  await until(() => passed() + lost() === count);
  return passed();
}

for (const variant of VARIANTS) {
  for (const { scope, set, rejects } of SCOPES) {
    const title = (what: string) => `udp [${variant.name}] caps of the ${scope}: ${what}`;

    Deno.test(
      title("bandwidth to the target drops what is too much, at once and no longer"),
      async () => {
        await using rig = await startUdpRig(variant, { ownerId: "alice" });
        const client = rig.client();
        assert.equal(await sendHundreds(rig, client, 20), 20);
        set(rig, { bandwidthInBps: 1_000n });
        assert.equal(await sendHundreds(rig, client, 20), 10, "a burst of one second");
        rig.clock.advance(500);
        assert.equal(await sendHundreds(rig, client, 20), 5);
        set(rig, null);
        assert.equal(await sendHundreds(rig, client, 20), 20);
        assert.equal(rig.counters().bytesIn, 5_500n);
        await rig.target().receiveMany(55);
      },
    );

    Deno.test(title("bandwidth to the outside drops replies"), async () => {
      await using rig = await startUdpRig(variant, { ownerId: "alice" });
      set(rig, { bandwidthOutBps: 300n });
      const client = rig.client();
      await client.send(text("question"));
      const { from } = await rig.target().receive();
      for (let i = 0; i < 5; i++) await rig.target().send(new Uint8Array(100).fill(i), from);
      await until(() => rig.counters().errors.bandwidth_dropped_out === 2n);
      rig.clock.advance(1_000);
      await rig.target().send(text("later"), from);
      const replies = [];
      for (let i = 0; i < 4; i++) replies.push((await client.receive()).data);
      assert.deepEqual(replies.map(({ length }) => length), [100, 100, 100, 5]);
      assert.deepEqual([rig.counters().datagramsOut, rig.counters().bytesOut], [4n, 305n]);
    });

    Deno.test(
      title("flows per second and at a time are capped; those there are stay"),
      async () => {
        await using rig = await startUdpRig(variant, { ownerId: "alice", udp: { idleMs: 10_000 } });
        for (const target of rig.targets) void target.echo();
        const first = rig.client();
        await first.ask(text("early"));
        set(rig, { newConnectionsPerSec: 2, newConnectionsBurst: 2, concurrentConnections: 2 });

        await rig.client().ask(text("second"));
        await rig.client().send(text("third"));
        const number = scope === "rule" ? "conn_concurrent" : "owner_concurrent";
        await until(() => rejects(rig)?.[number] === 1n);
        await rig.client().send(text("fourth"));
        const rate = scope === "rule" ? "udp_flow_rate" : "owner_udp_flow_rate";
        await until(() => rejects(rig)?.[rate] === 1n);
        assert.deepEqual(await first.ask(text("still here")), text("still here"));
        assert.equal(rig.counters().activeFlows, 2);
        const { fields } = await rig.logger.seen("rule.udp_first_packet_rejected");
        assert.deepEqual([fields.scope, fields.reason], [scope, number]);

        rig.clock.advance(20_000);
        assert.equal(rig.counters().activeFlows, 0);
        assert.deepEqual(await rig.client().ask(text("room again")), text("room again"));
      },
    );
  }
}

for (const engine of ENGINES) {
  const variant = { name: engine.name, engine, loopback: "127.0.0.1", ports: 1 } as const;
  const title = (what: string) => `udp [${engine.name}] ${what}`;

  Deno.test(title("caps that come with the rule hold from the start"), async () => {
    const limits = { concurrentConnections: 1, bandwidthInBps: 200n };
    await using rig = await startUdpRig(variant, { limits });
    const client = rig.client();
    assert.equal(await sendHundreds(rig, client, 5), 2);
    await rig.client().send(text("no room"));
    await until(() => rig.counters().rateLimit?.rejects.conn_concurrent === 1n);
    assert.equal(rig.counters().rateLimit?.activeConnections, 1);
  });

  Deno.test(title("a datagram larger than the burst passes, and the rate holds"), async () => {
    const limits = { bandwidthInBps: 1_000n, bandwidthInBurst: 50n };
    await using rig = await startUdpRig(variant, { limits });
    const client = rig.client();
    assert.equal(await sendHundreds(rig, client, 3), 1);
    let passed = 0;
    for (let i = 0; i < 20; i++) {
      rig.clock.advance(50);
      passed += await sendHundreds(rig, client, 1);
    }
    assert.equal(passed, 10, "1,000 bytes in a second");
  });

  Deno.test(title("both scopes count: the tighter one decides"), async () => {
    const limits = { bandwidthInBps: 500n };
    await using rig = await startUdpRig(variant, { ownerId: "alice", limits });
    rig.forwarder.setOwnerLimits("alice", { bandwidthInBps: 300n });
    rig.forwarder.setOwnerLimits("bob", { bandwidthInBps: 1n });
    assert.equal(await sendHundreds(rig, rig.client(), 10), 3);
  });

  Deno.test(title("the cap on bandwidth is met within 3 % over 5 s"), async () => {
    const limits = { bandwidthInBps: 100_000n, bandwidthInBurst: 1_000n };
    await using rig = await startUdpRig(variant, { limits });
    const client = rig.client();
    await sendHundreds(rig, client, 20);
    let passed = 0;
    for (let ms = 0; ms < 5_000; ms += 10) {
      rig.clock.advance(10);
      passed += await sendHundreds(rig, client, 12);
    }
    assert.ok(passed >= 4_850 && passed <= 5_150, `${passed * 100} bytes in 5 s`);
  });

  Deno.test(
    title("an exhausted quota stops both directions; a refill goes on in the same flow"),
    async () => {
      await using rig = await startUdpRig(variant, { ownerId: "alice" });
      const client = rig.client();
      rig.forwarder.setQuota("alice", { remainingBytes: 1_000n, exhausted: false });
      await client.send(new Uint8Array(400));
      const { from } = await rig.target().receive();
      await rig.target().send(new Uint8Array(600), from);
      await client.receive();
      await until(() => rig.counters().datagramsOut === 1n);

      await client.send(text("too much"));
      await rig.target().send(text("this too"), from);
      await rig.client().send(text("and a new flow"));
      // What another rule gets through comes after what this one dropped.
      await passOnce(rig);
      assert.deepEqual([rig.counters().datagramsIn, rig.counters().datagramsOut], [1n, 1n]);
      assert.equal(rig.counters().activeFlows, 1);

      rig.forwarder.setQuota("alice", { remainingBytes: 100n, exhausted: false });
      await client.send(text("again"));
      const again = await rig.target().receive();
      assert.deepEqual([again.data, again.from.port], [text("again"), from.port]);
      await rig.target().send(text("and back"), from);
      assert.deepEqual((await client.receive()).data, text("and back"));

      rig.forwarder.setQuota("alice", { remainingBytes: 50n, exhausted: true });
      await client.send(text("exhausted by word"));
      await passOnce(rig);
      assert.equal(rig.counters().datagramsIn, 2n);
      rig.forwarder.setQuota("alice", null);
      await client.send(text("free"));
      assert.deepEqual((await rig.target().receive()).data, text("free"));
    },
  );
}

/** Lets the engine deal with everything that was sent, as far as it is going to. */
async function passOnce(rig: UdpRig): Promise<void> {
  using target = UdpPeer.bind("127.0.0.1");
  const other = await openOnFreePorts(
    rig.forwarder,
    1,
    (listen) => udpRule({ id: 77n, listen, target: target.addr.port }),
  );
  void target.echo();
  using client = clientOf("127.0.0.1", other.listen.start);
  for (let i = 0; i < 3; i++) await client.ask(text("marker"));
  await rig.forwarder.close(77n, 0).drained;
}
