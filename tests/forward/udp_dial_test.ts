import assert from "node:assert/strict";
import { type Resolution, ResolveError, type Resolver } from "../../src/forward/resolver.ts";
import { ENGINES, until } from "./kit.ts";
import { startUdpRig } from "./udp_kit.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** A name service whose answers the test gives. */
class PendingResolver implements Resolver {
  readonly hosts: string[] = [];
  readonly #answers: PromiseWithResolvers<Resolution>[] = [];

  resolve(host: string): Promise<Resolution> {
    this.hosts.push(host);
    const answer = Promise.withResolvers<Resolution>();
    this.#answers.push(answer);
    return answer.promise;
  }

  answer(...addresses: string[]): void {
    this.#answers.shift()?.resolve({ addresses, source: "fresh" });
  }

  fail(): void {
    this.#answers.shift()?.reject(new ResolveError("nxdomain", "no such name"));
  }
}

for (const engine of ENGINES) {
  const title = (what: string) => `udp [${engine.name}] ${what}`;
  const variant = { name: engine.name, engine, loopback: "127.0.0.1", ports: 1 } as const;

  Deno.test(
    title("datagrams wait while the target is looked up, and arrive in order"),
    async () => {
      const resolver = new PendingResolver();
      await using rig = await startUdpRig(variant, { resolver, targetHost: "dns.test" });
      const client = rig.client();
      for (let i = 0; i < 10; i++) await client.send(text(`${i}`));
      await until(() => resolver.hosts.length === 1);
      assert.equal(rig.counters().activeFlows, 1);
      resolver.answer("127.0.0.1");
      for (let i = 0; i < 10; i++) {
        assert.deepEqual((await rig.target().receive()).data, text(`${i}`));
      }
      assert.deepEqual(resolver.hosts, ["dns.test"], "one lookup for the flow");
      assert.equal(rig.counters().errors.flows_pending_drops, 0n);
      assert.equal(rig.logger.of("rule.dns_resolved").length, 1);
    },
  );

  Deno.test(
    title("what waits is bounded: the first datagrams are kept, the rest is dropped"),
    async () => {
      const resolver = new PendingResolver();
      await using rig = await startUdpRig(variant, { resolver, targetHost: "dns.test" });
      const client = rig.client();
      const large = (i: number) => new Uint8Array(60_000).fill(i);
      await client.send(text("small"));
      for (let i = 0; i < 5; i++) {
        await client.send(large(i));
        if (i > 0) await until(() => rig.counters().errors.flows_pending_drops === BigInt(i));
      }
      resolver.answer("127.0.0.1");
      assert.deepEqual((await rig.target().receive()).data, text("small"));
      assert.deepEqual((await rig.target().receive()).data, large(0));
      await client.send(text("after"));
      assert.deepEqual((await rig.target().receive()).data, text("after"));
      assert.equal(rig.logger.of("rule.udp_flow_pending_drop").length, 4);
    },
  );

  Deno.test(title("a flow that waits for its target counts against the cap"), async () => {
    const resolver = new PendingResolver();
    await using rig = await startUdpRig(variant, {
      resolver,
      targetHost: "dns.test",
      udp: { flowsMax: 1 },
    });
    await rig.client().send(text("one"));
    await until(() => rig.counters().activeFlows === 1);
    await rig.client().send(text("two"));
    await until(() => rig.counters().flowsDroppedOverflow === 1n);
  });

  Deno.test(
    title("a name that leads nowhere drops the flow; the next datagram tries again"),
    async () => {
      const resolver = new PendingResolver();
      await using rig = await startUdpRig(variant, { resolver, targetHost: "dns.test" });
      const client = rig.client();
      await client.send(text("lost"));
      await until(() => resolver.hosts.length === 1);
      resolver.fail();
      const { fields } = await rig.logger.seen("rule.udp_dns_failed");
      assert.match(String(fields.error), /^dns_resolution_failed: no such name$/);
      await until(() => rig.counters().activeFlows === 0);
      assert.equal(rig.counters().dnsFailures, 1n);

      await client.send(text("found"));
      await until(() => resolver.hosts.length === 2);
      resolver.answer("127.0.0.1");
      assert.deepEqual((await rig.target().receive()).data, text("found"));
      assert.equal(rig.counters().dnsFailures, 1n);
    },
  );

  Deno.test(title("the family of the address decides, and prefer_ipv6 the order"), async () => {
    for (const loopback of ["127.0.0.1", "::1"] as const) {
      const resolver = new PendingResolver();
      await using rig = await startUdpRig({ ...variant, loopback }, {
        resolver,
        targetHost: "dns.test",
        preferIpv6: loopback === "::1",
      });
      void rig.target().echo();
      const client = rig.client();
      const answer = client.ask(text("hello"));
      await until(() => resolver.hosts.length === 1);
      resolver.answer("::1", "127.0.0.1");
      assert.deepEqual(await answer, text("hello"));
      assert.equal(rig.logger.of("rule.dns_resolved")[0]?.fields.chosen_addr, loopback);
    }
  });

  Deno.test(title("closing the rule does not wait for a lookup"), async () => {
    const resolver = new PendingResolver();
    await using rig = await startUdpRig(variant, { resolver, targetHost: "dns.test" });
    await rig.client().send(text("hello"));
    await until(() => resolver.hosts.length === 1);
    await rig.forwarder.close(1n, 30_000).drained;
    resolver.answer("127.0.0.1");
    assert.deepEqual(rig.forwarder.counters().rules, []);
    assert.deepEqual(rig.logger.of("rule.udp_flow_opened"), []);
  });
}
