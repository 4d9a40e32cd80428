import assert from "node:assert/strict";
import { ResolveError, type Resolver } from "../../src/forward/resolver.ts";
import {
  echo,
  ended,
  ENGINES,
  readExactly,
  startRig,
  Targets,
  tryListen,
  until,
  writeAll,
} from "./kit.ts";

const hello = new TextEncoder().encode("hello");

/** A name service that knows one name. */
const resolverOf = (addresses: readonly string[]): Resolver => ({
  resolve: (host) =>
    host === "db.test"
      ? Promise.resolve({ addresses, source: "fresh" })
      : Promise.reject(new ResolveError("nxdomain", "no such name")),
});

/** A target that answers no connection request: its queue is full, and nobody takes from it. */
async function busyTarget(): Promise<{ readonly port: number } & Disposable> {
  const listener = tryListen("127.0.0.1", 0, 1) ?? assert.fail("no free port");
  const { port } = listener.addr;
  const waiting = [await Deno.connect({ port }), await Deno.connect({ port })];
  return {
    port,
    [Symbol.dispose]() {
      for (const connection of waiting) connection.close();
      listener.close();
    },
  };
}

for (const engine of ENGINES) {
  const title = (what: string) => `tcp [${engine.name}] ${what}`;
  const variant = { name: engine.name, engine, loopback: "127.0.0.1", ports: 1 } as const;

  Deno.test(title("an unreachable target closes the connection, and the rule stays"), async () => {
    using absent = await Targets.listen("127.0.0.1", 1);
    const { ports } = absent;
    absent[Symbol.dispose]();
    await using rig = await startRig(variant, { targetPorts: ports });

    const client = await rig.connect();
    await ended(client);

    const { fields } = await rig.logger.seen("rule.conn_error");
    assert.equal(fields.peer, `127.0.0.1:${client.localAddr.port}`);
    assert.match(String(fields.error), /refused/i);
    const counters = rig.counters();
    assert.deepEqual([counters.dnsFailures, counters.activeConnections], [0n, 0]);
    assert.deepEqual([counters.bytesIn, counters.bytesOut], [0n, 0n]);

    using back = tryListen("127.0.0.1", ports.start) ?? assert.fail("port taken meanwhile");
    await rig.connect();
    (await back.accept()).close();
  });

  Deno.test(title("a flood of failures is logged a few times a second, and counted"), async () => {
    using absent = await Targets.listen("127.0.0.1", 1);
    const { ports } = absent;
    absent[Symbol.dispose]();
    await using rig = await startRig(variant, { targetPorts: ports });
    const lines = () => rig.logger.of("rule.conn_error").map(({ fields }) => fields);
    const told = () => lines().reduce((sum, it) => sum + 1 + Number(it.suppressed ?? 0), 0);

    for (let n = 0; n < 25; n++) await ended(await rig.connect());
    await rig.logger.seen("rule.conn_error", 10);
    rig.clock.advance(1_000);
    await ended(await rig.connect());
    // What ends last may be logged after the clock has moved.
    await until(() => told() === 26);
    assert.ok(lines().length <= 12, `${lines().length} lines`);
    assert.ok(lines().slice(0, 10).every(({ suppressed }) => suppressed === undefined));
    assert.equal(rig.logger.of("rule.conn_error_all_targets_failed").length, 0);
  });

  Deno.test(title("a target that does not answer is given up after 3 s"), async () => {
    using busy = await busyTarget();
    await using rig = await startRig(variant, {
      targetPorts: { start: busy.port, end: busy.port },
    });
    const client = await rig.connect();
    await rig.clock.armed();
    rig.clock.advance(3_000);
    await ended(client);
    const { fields } = await rig.logger.seen("rule.conn_error");
    assert.equal(fields.error, "dial timeout after 3s");
  });

  Deno.test(title("a dial in progress is given up when the drain ends"), async () => {
    using busy = await busyTarget();
    await using rig = await startRig(variant, {
      targetPorts: { start: busy.port, end: busy.port },
    });
    const client = await rig.connect();
    await rig.clock.armed();
    const closed = rig.forwarder.close(rig.rule.id, 1_000).drained;
    rig.clock.advance(1_000);
    await closed;
    await ended(client);
    assert.equal(rig.logger.of("rule.conn_error")[0]?.fields.error, "proxy_cancelled");
  });

  Deno.test(title("a host name is resolved, and its addresses are tried in order"), async () => {
    // Nothing listens on 127.0.0.2, so the second address has to serve.
    const resolver = resolverOf(["::1", "127.0.0.2", "127.0.0.1"]);
    await using rig = await startRig(variant, { resolver, targetHost: "db.test" });
    rig.targets.serve(echo);
    const client = await rig.connect();
    await writeAll(client, hello);
    assert.deepEqual(await readExactly(client, hello.length), hello);
    assert.deepEqual(rig.logger.of("rule.dns_resolved")[0]?.fields, {
      rule_id: "1",
      hostname: "db.test",
      chosen_addr: "127.0.0.2",
      addr_count: 3,
      prefer_ipv6: false,
    });
    assert.equal(rig.counters().dnsFailures, 0n);
  });

  Deno.test(title("prefer_ipv6 tries IPv6 first and falls back to IPv4"), async () => {
    const resolver = resolverOf(["127.0.0.1", "::1"]);
    for (const loopback of ["::1", "127.0.0.1"] as const) {
      await using rig = await startRig(
        { ...variant, loopback },
        { resolver, targetHost: "db.test", preferIpv6: true },
      );
      rig.targets.serve(echo);
      const client = await rig.connect();
      await writeAll(client, hello);
      assert.deepEqual(await readExactly(client, hello.length), hello);
      assert.equal(rig.logger.of("rule.dns_resolved")[0]?.fields.chosen_addr, "::1");
    }
  });

  Deno.test(title("a name that leads nowhere closes the connection and is counted"), async () => {
    const cases = [
      ["gone.test", "nxdomain", /^dns_resolution_failed: no such name$/],
      ["db.test", "all_addrs_unreachable", /^all_addrs_unreachable: 1 addresses tried, last: /],
    ] as const;
    for (const [targetHost, reason, message] of cases) {
      await using rig = await startRig(variant, {
        resolver: resolverOf(["127.0.0.2"]),
        targetHost,
      });
      for (let n = 1; n <= 2; n++) {
        await ended(await rig.connect());
        const { fields } = await rig.logger.seen("rule.conn_error", n);
        assert.match(String(fields.error), message);
        assert.equal(rig.logger.of("rule.dns_failed")[n - 1]?.fields.reason, reason);
        assert.equal(rig.counters().dnsFailures, BigInt(n));
      }
    }
  });
}
