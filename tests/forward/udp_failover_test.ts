import assert from "node:assert/strict";
import type { RuleTarget } from "../../src/core/rule.ts";
import { ResolveError, type Resolver } from "../../src/forward/resolver.ts";
import { stalled, tryListen, until, VARIANTS } from "./kit.ts";
import { bindBoth, bindTargets, startUdpRig, UdpPeer, type UdpRig } from "./udp_kit.ts";

const text = (value: string) => new TextEncoder().encode(value);

const LOOPBACKS: Readonly<Record<string, string>> = { "v4.test": "127.0.0.1", "v6.test": "::1" };

/** A name service that knows nothing but two names of loopback. */
class FewNames implements Resolver {
  readonly asked: string[] = [];

  resolve(host: string): ReturnType<Resolver["resolve"]> {
    this.asked.push(host);
    const address = LOOPBACKS[host];
    return address === undefined
      ? Promise.reject(new ResolveError("nxdomain", "no such name"))
      : Promise.resolve({ addresses: [address], source: "cached" });
  }
}

const at = (host: string, port: number, priority = 0): RuleTarget => ({
  host,
  port,
  priority,
  proxyProtocol: null,
});

const healths = (rig: UdpRig) => rig.counters().perTarget.map(({ health }) => health);

for (const variant of VARIANTS.filter(({ ports }) => ports === 1)) {
  const { loopback } = variant;
  const title = (what: string) => `udp failover [${variant.name}] ${what}`;
  const literal = loopback === "::1" ? "[::1]" : loopback;

  Deno.test(
    title("the first datagram reaches the next target when a name leads nowhere"),
    async () => {
      using second = UdpPeer.bind("::1");
      const resolver = new FewNames();
      const targets = [at("gone.test", 9), at("v6.test", second.addr.port)];
      await using rig = await startUdpRig(variant, { resolver, targets });
      for (let flow = 1; flow <= 3; flow++) {
        const client = rig.client();
        await client.send(text(`question ${flow}`));
        const { data, from } = await second.receive();
        assert.deepEqual(data, text(`question ${flow}`));
        await second.send(text("answer"), from);
        assert.deepEqual((await client.receive()).data, text("answer"));
        assert.equal(rig.counters().dnsFailures, BigInt(flow));
      }
      assert.deepEqual(healths(rig), ["failed", "healthy"]);
      assert.equal(rig.counters().targetFailovers, 1n);
      const changed = rig.logger.of("rule.target.health_changed").map(({ fields }) => fields);
      assert.deepEqual(changed, [{
        rule_id: "1",
        target_index: 0,
        target_host: "gone.test",
        target_port: 9,
        from: "Healthy",
        to: "Failed",
        consecutive_failures: 3,
      }]);
      const failed = rig.logger.of("rule.udp_target.dial_failed")[0]?.fields;
      assert.deepEqual([failed?.target_index, failed?.target_host, failed?.target_port], [
        0,
        "gone.test",
        9,
      ]);

      resolver.asked.length = 0;
      await rig.client().send(text("fourth"));
      await second.receive();
      assert.deepEqual(resolver.asked, ["v6.test"], "a failed target is not tried first");
    },
  );

  Deno.test(title("the lowest priority number wins, and ties go by list order"), async () => {
    const peers = await bindTargets(loopback, 3);
    const [a, b, c] = peers;
    assert.ok(a && b && c);
    const targets = [a, b, c].map(({ addr }, i) => at(literal, addr.port, i === 0 ? 7 : 3));
    await using rig = await startUdpRig(variant, { targets });
    await rig.client().send(text("hello"));
    assert.deepEqual((await b.receive()).data, text("hello"));
    for (const peer of peers) peer[Symbol.dispose]();
    assert.deepEqual(rig.counters().perTarget.map(({ priority }) => priority), [7, 3, 3]);
  });

  Deno.test(title("a PROXY version means nothing to datagrams"), async () => {
    using peer = UdpPeer.bind(loopback);
    const target = { ...at(literal, peer.addr.port), proxyProtocol: "v2" } as const;
    await using rig = await startUdpRig(variant, { targets: [target] });
    await rig.client().send(text("hello"));
    assert.deepEqual((await peer.receive()).data, text("hello"));
  });

  Deno.test(
    title("a flow that no target is left for is dropped; the next datagram tries again"),
    async () => {
      const targets = [at("gone.test", 9), at("lost.test", 9)];
      await using rig = await startUdpRig(variant, { resolver: new FewNames(), targets });
      const client = rig.client();
      for (let n = 1; n <= 2; n++) {
        await client.send(text("hello"));
        const { fields } = await rig.logger.seen("rule.udp_all_targets_failed", n);
        assert.equal(fields.target_count, 2);
        await until(() => rig.counters().activeFlows === 0);
        assert.equal(rig.counters().dnsFailures, BigInt(3 * n), "one for each, and one for all");
      }
    },
  );

  Deno.test(
    title("counters tell the targets apart, and a flow's end tells its totals"),
    async () => {
      using other = UdpPeer.bind("::1");
      const targets = [at("v6.test", other.addr.port), at("127.0.0.1", 9)];
      await using rig = await startUdpRig(variant, { resolver: new FewNames(), targets });
      const client = rig.client();
      await client.send(text("12345"));
      const { from } = await other.receive();
      for (const reply of ["123", "4567"]) await other.send(text(reply), from);
      await client.receive();
      await client.receive();
      await until(() => rig.counters().datagramsOut === 2n);
      const row = { consecutiveFailures: 0, lastFailureAtMs: null, health: "healthy", priority: 0 };
      assert.deepEqual(rig.counters().perTarget, [
        {
          ...row,
          index: 0,
          host: "v6.test",
          port: other.addr.port,
          lastSuccessAtMs: rig.clock.now(),
          bytesIn: 5n,
          bytesOut: 7n,
          connectionsAccepted: 1n,
        },
        {
          ...row,
          index: 1,
          host: "127.0.0.1",
          port: 9,
          lastSuccessAtMs: null,
          bytesIn: 0n,
          bytesOut: 0n,
          connectionsAccepted: 0n,
        },
      ]);
      rig.clock.advance(120_000);
      const { fields } = await rig.logger.seen("rule.udp_flow_closed");
      const { bytes_in, bytes_out, datagrams_in, datagrams_out } = fields;
      assert.deepEqual([bytes_in, bytes_out, datagrams_in, datagrams_out], [5, 7, 1, 2]);
    },
  );

  Deno.test(title("health checks fail a dead target, and bring it back"), async () => {
    const primary = await bindTargets(loopback, 1);
    using first = primary[0] ?? assert.fail();
    const { udp, tcp } = await bindBoth(loopback);
    using second = udp;
    using _alive = tcp;
    const targets = [first, second].map(({ addr }) => at(literal, addr.port));
    await using rig = await startUdpRig(variant, { targets, healthCheckIntervalSecs: 1 });
    /** Lets time pass until the next probe, and waits for what came of it. */
    const nextProbe = async (event: string, n: number) => {
      await stalled(() => rig.clock.pending);
      rig.clock.advance(1_000);
      await rig.logger.seen(event, n);
    };
    // The first target has its turn at once, then the second, and so on.
    await rig.logger.seen("rule.target.probe_failed", 1);
    for (let n = 1; n <= 2; n++) {
      await nextProbe("rule.target.probe_ok", n);
      await nextProbe("rule.target.probe_failed", n + 1);
    }
    assert.deepEqual(healths(rig), ["failed", "healthy"]);
    const client = rig.client();
    await client.send(text("to the second"));
    assert.deepEqual((await second.receive()).data, text("to the second"));

    using _back = tryListen(loopback, first.addr.port) ?? assert.fail("port taken for TCP");
    for (let n = 3; n <= 6; n++) await nextProbe("rule.target.probe_ok", n);
    assert.deepEqual(healths(rig), ["healthy", "healthy"]);
    assert.equal(rig.counters().targetFailovers, 2n);
    await client.send(text("stays where it is"));
    assert.deepEqual((await second.receive()).data, text("stays where it is"));
    await rig.client().send(text("new"));
    assert.deepEqual((await first.receive()).data, text("new"));
  });
}
