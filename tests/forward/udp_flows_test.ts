import assert from "node:assert/strict";
import { ENGINES, openDescriptors, until, VARIANTS } from "./kit.ts";
import { clientOf, endpoint, startUdpRig, UdpPeer } from "./udp_kit.ts";

const text = (value: string) => new TextEncoder().encode(value);

for (const variant of VARIANTS) {
  const title = (what: string) => `udp [${variant.name}] ${what}`;

  Deno.test(
    title("the cap on flows holds for all ports together, and spares those that are there"),
    async () => {
      await using rig = await startUdpRig(variant, { udp: { flowsMax: 2 } });
      for (const target of rig.targets) void target.echo();
      const [first, second, third] = [rig.client(0), rig.client(), rig.client()];
      await first.ask(text("a"));
      await second.ask(text("b"));

      await third.send(text("no"));
      await third.send(text("room"));
      await until(() => rig.counters().flowsDroppedOverflow === 2n);

      assert.deepEqual(await first.ask(text("still")), text("still"));
      assert.deepEqual(await second.ask(text("here")), text("here"));
      assert.equal(rig.counters().activeFlows, 2);
      assert.deepEqual(rig.logger.of("rule.udp_flow_dropped_overflow")[0]?.fields, {
        rule_id: "1",
        listen_port: rig.rule.listen.end,
        source: `${rig.rule.targetHost}:${third.peer.addr.port}`,
      });
    },
  );

  Deno.test(title("an idle flow is forgotten, and the next datagram makes a new one"), async () => {
    await using rig = await startUdpRig(variant, { udp: { flowsMax: 2, idleMs: 8_000 } });
    const [idle, busy] = [rig.client(), rig.client()];
    await idle.send(text("one"));
    const first = await rig.target().receive();
    await busy.send(text("two"));
    const other = await rig.target().receive();
    await until(() => rig.counters().datagramsIn === 2n);

    rig.clock.advance(7_000);
    // A reply keeps a flow as well as a question does.
    await rig.target().send(text("reply"), other.from);
    await busy.receive();
    await until(() => rig.counters().datagramsOut === 1n);
    rig.clock.advance(3_000);

    assert.equal(rig.counters().activeFlows, 1);
    const closed = rig.logger.of("rule.udp_flow_closed_idle").map(({ fields }) => fields.source);
    assert.deepEqual(closed, [`${rig.rule.targetHost}:${idle.peer.addr.port}`]);
    // The old socket is gone: this reply has nowhere to go.
    await rig.target().send(text("late"), first.from);

    await idle.send(text("three"));
    const again = await rig.target().receive();
    assert.deepEqual(again.data, text("three"));
    await rig.target().send(text("fresh"), again.from);
    assert.deepEqual((await idle.receive()).data, text("fresh"));
    assert.equal(rig.counters().activeFlows, 2);
  });

  Deno.test(title("close() forgets every flow and frees the ports at once"), async () => {
    await using rig = await startUdpRig(variant);
    for (const target of rig.targets) void target.echo();
    const client = rig.client();
    await client.ask(text("hello"));

    const closing = rig.forwarder.close(rig.rule.id, 30_000);
    await Promise.all([closing.released, closing.drained]);

    assert.equal(rig.clock.pending, 0, "UDP does not drain");
    assert.deepEqual(rig.forwarder.counters().rules, []);
    assert.deepEqual(await rig.forwarder.open(rig.rule), { ok: true });
    assert.equal(rig.counters().datagramsIn, 0n);
    assert.equal(rig.counters().activeFlows, 0);
    assert.deepEqual(await client.ask(text("again")), text("again"));
    const deactivated = rig.logger.of("rule.deactivated").map(({ fields }) => fields);
    assert.deepEqual(deactivated, [{ rule_id: "1", protocol: "udp", reason: "cancelled" }]);
  });
}

for (const engine of ENGINES.filter((it) => it.hearsIcmp)) {
  Deno.test(`udp [${engine.name}] a flow that is refused is built anew`, async () => {
    const variant = { name: engine.name, engine, loopback: "127.0.0.1", ports: 1 } as const;
    await using rig = await startUdpRig(variant);
    const client = rig.client();
    await client.send(text("one"));
    const first = await rig.target().receive();
    const { port } = rig.target().addr;
    rig.target()[Symbol.dispose]();
    await client.send(text("refused"));
    await until(() => rig.counters().errors.icmp_evict === 1n);
    assert.equal(rig.counters().activeFlows, 0);
    using back = UdpPeer.bind("127.0.0.1", port);
    await client.send(text("two"));
    const second = await back.receive();
    assert.deepEqual(second.data, text("two"));
    assert.notEqual(second.from.port, first.from.port);
    assert.equal(rig.logger.of("rule.udp_flow_evicted_icmp").length, 1);
  });
}

for (const engine of ENGINES) {
  const variant = { name: engine.name, engine, loopback: "127.0.0.1", ports: 1 } as const;
  const title = (what: string) => `udp [${engine.name}] ${what}`;

  Deno.test(title("an idle window of 0 keeps flows for ever"), async () => {
    await using rig = await startUdpRig(variant, { udp: { idleMs: 0 } });
    const client = rig.client();
    await client.send(text("one"));
    const { from } = await rig.target().receive();
    rig.clock.advance(30 * 86_400_000);
    await rig.target().send(text("a month later"), from);
    assert.deepEqual((await client.receive()).data, text("a month later"));
  });

  Deno.test(title("setUdp() holds for rules that are opened later"), async () => {
    await using rig = await startUdpRig(variant, { udp: { flowsMax: 1 } });
    rig.forwarder.setUdp({ flowsMax: 2, idleMs: 1_000 });
    void rig.target().echo();
    await rig.client().ask(text("a"));
    await rig.client().send(text("b"));
    await until(() => rig.counters().flowsDroppedOverflow === 1n);
    await rig.forwarder.close(1n, 0).drained;
    await rig.forwarder.open(rig.rule);
    await rig.client().ask(text("a"));
    await rig.client().ask(text("b"));
    assert.equal(rig.counters().flowsDroppedOverflow, 0n);
    rig.clock.advance(2_000);
    assert.equal(rig.counters().activeFlows, 0);
  });

  Deno.test(title("a flow does not suffer from another whose target takes nothing"), async () => {
    await using rig = await startUdpRig(variant);
    // Nobody reads what this flow gets: its replies fill the client's buffer and are lost there.
    using mute = UdpPeer.bind("127.0.0.1");
    await mute.send(text("flood"), endpoint("127.0.0.1", rig.rule.listen.start));
    const { from } = await rig.target().receive();
    for (let i = 0; i < 300; i++) await rig.target().send(new Uint8Array(8_000), from);
    const client = rig.client();
    await client.send(text("me too"));
    const question = await rig.target().receive();
    await rig.target().send(text("yes"), question.from);
    assert.deepEqual((await client.receive()).data, text("yes"));
  });

  Deno.test({
    name: title("10,000 flows come and go and leave nothing behind"),
    ignore: Deno.build.os !== "linux",
    async fn() {
      const idleMs = 1_000;
      await using rig = await startUdpRig(variant, { udp: { flowsMax: 1_000, idleMs } });
      void rig.target().echo();
      const to = rig.rule.listen.start;
      const round = async (flows: number) => {
        const clients = Array.from({ length: flows }, () => clientOf("127.0.0.1", to));
        try {
          for (const client of clients) {
            assert.deepEqual(await client.ask(text("hello")), text("hello"));
          }
          assert.equal(rig.counters().activeFlows, flows);
        } finally {
          for (const client of clients) client[Symbol.dispose]();
        }
        await until(() => rig.counters().datagramsOut === rig.counters().datagramsIn);
        rig.clock.advance(2 * idleMs);
        assert.equal(rig.counters().activeFlows, 0);
      };
      await round(10);
      const before = openDescriptors();
      const timers = rig.clock.pending;

      for (let i = 0; i < 10; i++) await round(1_000);

      await until(() => openDescriptors() <= before);
      const { datagramsIn, datagramsOut, flowsDroppedOverflow, errors } = rig.counters();
      assert.deepEqual([datagramsIn, datagramsOut, flowsDroppedOverflow], [10_010n, 10_010n, 0n]);
      assert.ok(Object.values(errors).every((count) => count === 0n));
      assert.equal(rig.clock.pending, timers);
    },
  });
}
