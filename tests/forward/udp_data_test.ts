import assert from "node:assert/strict";
import { bytesFrom, seeded, until, VARIANTS } from "./kit.ts";
import { clientOf, endpoint, startUdpRig, UdpPeer } from "./udp_kit.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** The largest that IPv4 carries: 65,535 bytes less both headers. */
const LARGEST = 65_507;

for (const variant of VARIANTS) {
  const title = (what: string) => `udp [${variant.name}] ${what}`;

  Deno.test(title("datagrams pass both ways, byte for byte, one for one"), async () => {
    await using rig = await startUdpRig(variant);
    const random = seeded(3);
    const client = rig.client();
    const sizes = [1, 0, 1_400, LARGEST, 9_000, 0, 0, 65_506, 17];
    for (const size of sizes) {
      const question = bytesFrom(random, size);
      await client.send(question);
      const { data, from } = await rig.target().receive();
      assert.deepEqual(data, question);

      const answer = bytesFrom(random, (size * 7) % (LARGEST + 1));
      await rig.target().send(answer, from);
      assert.deepEqual((await client.receive()).data, answer);
    }
  });

  Deno.test(title("replies leave from the address and port that the client talks to"), async () => {
    await using rig = await startUdpRig(variant);
    for (const target of rig.targets) void target.echo();
    for (let i = 0; i < variant.ports; i++) {
      const client = rig.client(i);
      await client.send(text("where"));
      const { from } = await client.receive();
      assert.deepEqual(
        { hostname: from.hostname, port: from.port },
        { hostname: variant.loopback, port: rig.rule.listen.start + i },
      );
    }
  });

  Deno.test(
    title("each port leads to its target, and the same source has a flow on each"),
    async () => {
      await using rig = await startUdpRig(variant);
      using peer = UdpPeer.bind(variant.loopback);
      const upstreams = new Set<number>();
      for (let i = 0; i < variant.ports; i++) {
        await peer.send(text(`${i}`), endpoint(variant.loopback, rig.rule.listen.start + i));
        const { data, from } = await rig.target(i).receive();
        assert.deepEqual(data, text(`${i}`));
        upstreams.add(from.port);
      }
      assert.equal(upstreams.size, variant.ports);
      assert.equal(rig.counters().activeFlows, variant.ports);
    },
  );

  Deno.test(
    title("every source has a flow of its own, and gets only its own replies"),
    async () => {
      await using rig = await startUdpRig(variant);
      const clients = Array.from({ length: 50 }, () => rig.client());
      for (const [i, client] of clients.entries()) await client.send(text(`question ${i}`));
      const received = await rig.target().receiveMany(50);
      assert.equal(new Set(received.map(({ from }) => from.port)).size, 50);
      for (const { data, from } of received.reverse()) await rig.target().send(data, from);
      for (const [i, client] of clients.entries()) {
        assert.deepEqual((await client.receive()).data, text(`question ${i}`));
      }
      assert.equal(rig.counters().activeFlows, 50);
    },
  );

  Deno.test(title("a flow keeps its socket, so the target sees one source"), async () => {
    await using rig = await startUdpRig(variant);
    const client = rig.client();
    const froms = new Set<number>();
    for (let i = 0; i < 20; i++) {
      await client.send(text(`${i}`));
      const { data, from } = await rig.target().receive();
      assert.deepEqual(data, text(`${i}`));
      froms.add(from.port);
    }
    assert.equal(froms.size, 1);
    assert.equal(rig.logger.of("rule.udp_flow_opened").length, 1);
  });

  Deno.test(title("a burst arrives whole and in order"), async () => {
    await using rig = await startUdpRig(variant);
    const client = rig.client();
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 60; i++) await client.send(text(`${round} ${i}`));
      const received = await rig.target().receiveMany(60);
      assert.deepEqual(
        received.map(({ data }) => new TextDecoder().decode(data)),
        Array.from({ length: 60 }, (_, i) => `${round} ${i}`),
      );
    }
  });

  Deno.test(title("what a stranger sends to the flow's socket is not passed on"), async () => {
    await using rig = await startUdpRig(variant);
    const client = rig.client();
    await client.send(text("question"));
    const { from } = await rig.target().receive();
    using stranger = UdpPeer.bind(variant.loopback);
    await stranger.send(text("forged"), endpoint(variant.loopback, from.port));
    await rig.target().send(text("answer"), from);
    assert.deepEqual((await client.receive()).data, text("answer"));
    await until(() => rig.counters().datagramsOut === 1n);
  });

  Deno.test(title("both families reach the rule, whatever the family of the target"), async () => {
    await using rig = await startUdpRig(variant);
    void rig.target().echo();
    for (const hostname of ["127.0.0.1", "::1"]) {
      using client = clientOf(hostname, rig.rule.listen.end);
      assert.deepEqual(await client.ask(text(hostname)), text(hostname));
      const host = hostname === "::1" ? "[::1]" : hostname;
      const opened = rig.logger.of("rule.udp_flow_opened").at(-1)?.fields;
      assert.deepEqual(opened, {
        rule_id: "1",
        listen_port: rig.rule.listen.end,
        source: `${host}:${client.peer.addr.port}`,
        target: `${rig.rule.targetHost}:${rig.rule.targetPorts.end}`,
      });
    }
  });
}
