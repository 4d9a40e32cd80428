import assert from "node:assert/strict";
import type { ProxyVersion, RuleTarget } from "../../src/core/rule.ts";
import {
  ended,
  readExactly,
  stalled,
  startRig,
  Targets,
  tryListen,
  until,
  VARIANTS,
  writeAll,
} from "./kit.ts";

const hello = new TextEncoder().encode("hello");

for (const { name, engine, loopback, ports } of VARIANTS.filter((it) => it.ports === 1)) {
  const title = (what: string) => `tcp failover [${name}] ${what}`;
  const single = { name, engine, loopback, ports };
  const host = loopback === "::1" ? "[::1]" : loopback;
  const at = (
    port: number,
    priority = 0,
    proxyProtocol: ProxyVersion | null = null,
  ): RuleTarget => ({ host, port, priority, proxyProtocol });

  /** A port that nobody listens on, in the range the kit takes ports from. */
  const deadPort = async () => {
    using targets = await Targets.listen(loopback, 1);
    return targets.ports.start;
  };

  /** A rule with `targets`, beside one target of the rig's own. */
  const start = (targets: readonly RuleTarget[], healthCheckIntervalSecs: number | null = null) =>
    startRig(single, { targets, healthCheckIntervalSecs });

  Deno.test(title("the lowest priority number wins, and ties go by list order"), async () => {
    using servers = await Targets.listen(loopback, 3);
    const { start: port } = servers.ports;
    await using rig = await start([at(port, 5), at(port + 1, 1), at(port + 2, 1)]);
    const client = await rig.connect();
    const target = await servers.accept(1);
    await writeAll(client, hello);
    assert.deepEqual(await readExactly(target, hello.length), hello);
    const { perTarget } = rig.counters();
    assert.deepEqual(perTarget.map((it) => [it.index, it.priority, it.connectionsAccepted]), [
      [0, 5, 0n],
      [1, 1, 1n],
      [2, 1, 0n],
    ]);
    assert.deepEqual(perTarget.map(({ bytesIn }) => bytesIn), [0n, 5n, 0n]);
  });

  Deno.test(
    title("a dead target costs nobody a connection, and is left out after three"),
    async () => {
      using alive = await Targets.listen(loopback, 1);
      const dead = await deadPort();
      await using rig = await start([at(dead), at(alive.ports.start)]);
      const connect = async () => {
        const client = await rig.connect();
        const target = await alive.accept();
        await writeAll(client, hello);
        assert.deepEqual(await readExactly(target, hello.length), hello);
      };
      for (let i = 0; i < 5; i++) await connect();
      const failures = rig.logger.of("rule.target.dial_failed");
      assert.equal(failures.length, 3, "then the healthy one goes first");
      assert.equal(failures[0]?.fields["target_port"], dead);
      assert.deepEqual(rig.logger.of("rule.target.health_changed").map(({ fields }) => fields), [
        {
          rule_id: "1",
          target_index: 0,
          target_host: host,
          target_port: dead,
          from: "Healthy",
          to: "Failed",
          consecutive_failures: 3,
        },
      ]);
      const { targetFailovers, perTarget, dnsFailures } = rig.counters();
      assert.deepEqual([targetFailovers, dnsFailures], [1n, 0n]);
      assert.deepEqual(
        perTarget.map(({ health, connectionsAccepted }) => [health, connectionsAccepted]),
        [
          ["failed", 0n],
          ["healthy", 5n],
        ],
      );
      assert.ok(perTarget[0]?.lastFailureAtMs !== null && perTarget[0]?.lastSuccessAtMs === null);
    },
  );

  Deno.test(
    title("when no target takes a connection it is ended, and the next one is tried"),
    async () => {
      const dead = await deadPort();
      await using rig = await start([at(dead), at(dead, 0, "v2")]);
      const client = await rig.connect();
      await ended(client);
      const { fields } = await rig.logger.seen("rule.conn_error_all_targets_failed");
      assert.equal(fields["target_count"], 2);
      using back = tryListen(loopback, dead) ?? assert.fail("port taken meanwhile");
      await rig.connect();
      (await back.accept()).close();
    },
  );

  Deno.test(
    title("health checks fail a dead target, bring it back, and it leads again"),
    async () => {
      using spare = await Targets.listen(loopback, 1);
      const port = await deadPort();
      await using rig = await start([at(port), at(spare.ports.start)], 1);
      const nextProbe = async () => {
        await stalled(() => rig.clock.pending);
        rig.clock.advance(1_000);
        await stalled(() => rig.logger.lines.length);
      };
      const health = () => rig.counters().perTarget[0]?.health;
      for (let i = 0; i < 10 && health() !== "failed"; i++) await nextProbe();
      assert.equal(health(), "failed");
      using back = tryListen(loopback, port) ?? assert.fail("port taken meanwhile");
      const accepting = (async () => {
        for await (const connection of back) connection.close();
      })().catch(() => undefined);
      for (let i = 0; i < 10 && health() !== "healthy"; i++) await nextProbe();
      assert.equal(health(), "healthy");
      assert.equal(rig.counters().targetFailovers, 2n);
      const accepted = rig.counters().perTarget[0]?.connectionsAccepted;
      assert.equal(accepted, 0n, "probes are no connections");
      await ended(await rig.connect());
      assert.equal(rig.counters().perTarget[0]?.connectionsAccepted, 1n);
      back.close();
      await accepting;
    },
  );

  Deno.test(title("established connections stay where they are"), async () => {
    const first = tryListen(loopback, await deadPort()) ?? assert.fail("port taken meanwhile");
    using second = await Targets.listen(loopback, 1);
    await using rig = await start([at(first.addr.port), at(second.ports.start)]);
    const client = await rig.connect();
    using target = await first.accept();
    await writeAll(client, hello);
    assert.deepEqual(await readExactly(target, hello.length), hello);
    first.close();
    const next = await rig.connect();
    const other = await second.accept();
    await writeAll(other, hello);
    assert.deepEqual(await readExactly(next, hello.length), hello);
    await writeAll(target, hello);
    assert.deepEqual(await readExactly(client, hello.length), hello);
  });

  Deno.test(title("PROXY headers tell who connects to what"), async () => {
    for (const version of ["v1", "v2"] as const) {
      using servers = await Targets.listen(loopback, 1);
      const target = at(servers.ports.start, 0, version);
      await using rig = await start([target]);
      const client = await rig.connect();
      const server = await servers.accept();
      await writeAll(client, hello);
      const from = client.localAddr;
      const to = client.remoteAddr;
      const size = loopback === "::1" ? 16 : 4;
      const header = version === "v1"
        ? new TextEncoder().encode(
          `PROXY ${
            size === 4 ? "TCP4" : "TCP6"
          } ${loopback} ${loopback} ${from.port} ${to.port}\r\n`,
        )
        : new Uint8Array(16 + 2 * size + 4);
      const seen = await readExactly(server, header.length);
      if (version === "v1") assert.deepEqual(seen, header);
      const ports = new DataView(seen.buffer, seen.length - 4);
      if (version === "v2") {
        assert.deepEqual([ports.getUint16(0), ports.getUint16(2)], [from.port, to.port]);
        assert.equal(seen[12], 0x21);
      }
      assert.deepEqual(await readExactly(server, hello.length), hello);
      await until(() => rig.counters().bytesIn === 5n);
      assert.equal(rig.counters().perTarget[0]?.bytesIn, 5n, "the header does not count");
    }
  });
}
