/** Targets by name, from a name server on real sockets to the connection; only time is made up. */

import assert from "node:assert/strict";
import { Resolver as NameServers } from "node:dns/promises";
import type { RuleTarget } from "../../src/core/rule.ts";
import type { Resolver } from "../../src/forward/resolver.ts";
import { createSystemResolver } from "../../src/forward/system_resolver.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { FakeDns } from "../kit/fake_dns.ts";
import { freePort } from "../kit/ports.ts";
import {
  echo,
  ended,
  ENGINES,
  onFreePorts,
  readExactly,
  startRig,
  Targets,
  tryListen,
  writeAll,
} from "./kit.ts";
import { startUdpRig, tryBind, type UdpPeer } from "./udp_kit.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** A name server, a resolver that asks it, and the time in which answers grow old. */
function names(): { dns: FakeDns; resolver: Resolver; clock: FakeClock } {
  const dns = new FakeDns({ port: freePort() });
  const servers = new NameServers();
  servers.setServers([dns.address]);
  const clock = new FakeClock();
  return { dns, clock, resolver: createSystemResolver({ clock, queries: servers }) };
}

const OLD = "127.0.0.1";
const NEW = "::1";

/** What `take` takes of one port on both addresses. */
function onBoth<T>(
  take: (hostname: string, port: number) => (T & Disposable) | null,
): Promise<Record<typeof OLD | typeof NEW, T> & { readonly port: number }> {
  return onFreePorts(1, (port) => {
    const old = take(OLD, port);
    const its = old && take(NEW, port);
    if (its === null) old?.[Symbol.dispose]();
    return old && its && { [OLD]: old, [NEW]: its, port };
  });
}

for (const engine of ENGINES) {
  const title = (what: string) => `names [${engine.name}] ${what}`;
  const plain = { name: engine.name, engine, loopback: OLD, ports: 1 } as const;

  Deno.test(
    title("one lookup serves all ports of a range, and all who come at a time"),
    async () => {
      const { dns, resolver } = names();
      await using _dns = dns;
      dns.set("db.test", { a: [OLD] });
      const range = { ...plain, ports: 3 };
      await using rig = await startRig(range, { resolver, targetHost: "db.test" });
      rig.targets.serve(echo);
      await Promise.all(Array.from({ length: 15 }, async (_, i) => {
        const client = await rig.connect(i % 3);
        await writeAll(client, text("hello"));
        assert.deepEqual(await readExactly(client, 5), text("hello"));
      }));
      assert.deepEqual(dns.queries.toSorted(), ["A db.test", "AAAA db.test"]);
      assert.equal(rig.logger.of("rule.dns_resolved").length, 1);
    },
  );

  Deno.test(
    title("connections follow a name when its answer is old, and outlive its name server"),
    async () => {
      const { dns, resolver, clock } = names();
      await using _dns = dns;
      const servers = await onBoth<Deno.TcpListener>(tryListen);
      using before = servers[OLD];
      using after = servers[NEW];
      const ports = { start: servers.port, end: servers.port };
      await using rig = await startRig(plain, {
        resolver,
        targetHost: "db.test",
        targetPorts: ports,
      });
      const reaches = async (server: Deno.TcpListener) => {
        const [client, target] = await Promise.all([rig.connect(), server.accept()]);
        await writeAll(client, text("hello"));
        assert.deepEqual(await readExactly(target, 5), text("hello"));
        return { client, target };
      };
      dns.set("db.test", { a: [OLD], ttl: 20 });
      const first = await reaches(before);
      dns.set("db.test", { aaaa: [NEW], ttl: 20 });
      clock.advance(19_999);
      (await reaches(before)).target.close();
      clock.advance(1);
      (await reaches(after)).target.close();

      dns.set("db.test", { rcode: "SERVFAIL" });
      clock.advance(20_000);
      assert.equal(rig.counters().dnsFailures, 0n);
      for (let n = 1n; n <= 2n; n++) {
        (await reaches(after)).target.close();
        assert.equal(rig.counters().dnsFailures, n, "every use of an old address counts");
      }
      clock.advance(30_000);
      await ended(await rig.connect());
      await rig.logger.seen("rule.dns_failed");
      assert.equal(rig.counters().dnsFailures, 3n);

      dns.set("db.test", { a: [OLD] });
      await ended(await rig.connect());
      clock.advance(3_000);
      (await reaches(before)).target.close();
      assert.equal(rig.logger.of("rule.dns_resolved").length, 3, "once for each fresh answer");

      await writeAll(first.client, text("still here"));
      assert.deepEqual(await readExactly(first.target, 10), text("still here"));
      first.target.close();
    },
  );

  Deno.test(title("of several targets, one without an address makes way, uncounted"), async () => {
    const { dns, resolver } = names();
    await using _dns = dns;
    dns.set("db.test", { a: [OLD] });
    using servers = await Targets.listen(OLD, 1);
    const at = (host: string): RuleTarget => ({
      host,
      port: servers.ports.start,
      priority: 0,
      proxyProtocol: null,
    });
    await using rig = await startRig(plain, {
      resolver,
      targets: [at("gone.test"), at("db.test")],
    });
    await rig.connect();
    await servers.accept();
    const { fields } = await rig.logger.seen("rule.target.dial_failed");
    assert.equal(fields["target_host"], "gone.test");
    assert.match(String(fields["error"]), /^dns_resolution_failed: /);
    assert.deepEqual(rig.logger.of("rule.dns_failed"), []);
    assert.equal(rig.counters().dnsFailures, 0n);
  });

  Deno.test(title("a UDP flow stays where it is, a new one follows the name"), async () => {
    const { dns, resolver, clock } = names();
    await using _dns = dns;
    const servers = await onBoth<UdpPeer>(tryBind);
    using before = servers[OLD];
    using after = servers[NEW];
    const targetPorts = { start: servers.port, end: servers.port };
    await using rig = await startUdpRig(plain, { resolver, targetHost: "db.test", targetPorts });
    dns.set("db.test", { a: [OLD], ttl: 20 });
    const first = rig.client();
    await first.send(text("one"));
    assert.deepEqual((await before.receive()).data, text("one"));

    dns.set("db.test", { aaaa: [NEW], ttl: 20 });
    clock.advance(20_000);
    await rig.client().send(text("two"));
    assert.deepEqual((await after.receive()).data, text("two"));
    await first.send(text("three"));
    assert.deepEqual((await before.receive()).data, text("three"));
    assert.equal(rig.counters().dnsFailures, 0n);

    dns.set("db.test", { rcode: "SERVFAIL" });
    clock.advance(20_000);
    await rig.client().send(text("four"));
    assert.deepEqual((await after.receive()).data, text("four"), "an old address is good enough");
  });
}
