/** Rules with several targets, and rules that share a port, over real processes. */

import assert from "node:assert/strict";
import { clientHello } from "../kit/client_hello.ts";
import { TestConn } from "../kit/conn.ts";
import { labTest, type World } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import { echoTarget, tcpTarget } from "../kit/targets.ts";

type Counters = Readonly<Record<string, unknown>>;

async function push({ operator }: World, rule: object): Promise<number> {
  const { status, body } = await operator.api("POST", "/v1/rules", { client: "edge-01", ...rule });
  assert.equal(status, 201, JSON.stringify(body));
  return (body as { rule_id: number }).rule_id;
}

/** The counters of a rule, as of the next report for which `settled` holds. */
async function statsOf(
  { server, operator }: World,
  ruleId: number,
  settled: (stats: Counters) => boolean,
): Promise<Counters> {
  for (let report = 0; report < 8; report++) {
    await server.process.event("client.stats_report", {}, server.process.mark());
    const { body } = await operator.api("GET", `/v1/rules/${ruleId}/stats`);
    if (settled(body as Counters)) return body as Counters;
  }
  return assert.fail(`rule ${ruleId} never got there`);
}

labTest("a dead target costs nobody a connection, and its state can be seen", async (lab) => {
  const world = await lab.connected({ clientArgs: ["--stats-report-interval-secs", "1"] });
  const alive = lab.use(echoTarget());
  const dead = freePort();
  const port = freePort();
  const ruleId = await push(world, {
    listen_port: port,
    targets: [{ host: "127.0.0.1", port: dead }, { host: "127.0.0.1", port: alive.port }],
    rate_limit: { concurrent_connections: 2 },
  });
  for (let i = 0; i < 4; i++) {
    using conn = await TestConn.open(port);
    assert.equal(await conn.echo("hello"), "hello");
  }
  // The cap counts a connection until the client has seen its end.
  await statsOf(world, ruleId, (it) => it["bytes_in"] === 20 && it["active_connections"] === 0);
  using first = await TestConn.open(port);
  using second = await TestConn.open(port);
  assert.equal(await first.echo("a"), "a");
  assert.equal(await second.echo("b"), "b");
  using third = await TestConn.open(port);
  await third.closed();

  const stats = await statsOf(world, ruleId, ({ bytes_in }) => bytes_in === 22);
  assert.equal(stats["target_failovers_total"], 1);
  const targets = stats["per_target"] as Counters[];
  assert.deepEqual(targets.map((it) => [it["health"], it["connections_accepted"]]), [[1, 0], [
    0,
    6,
  ]]);
  const metrics = await world.operator.api("GET", "/v1/metrics");
  assert.match(
    String(metrics.body),
    /^portunus_rate_limit_reject_total\{[^}]*reason="conn_concurrent"[^}]*\} 1$/m,
  );
});

labTest("rules share a port by the server name that clients ask for", async (lab) => {
  const world = await lab.connected({ clientArgs: ["--stats-report-interval-secs", "1"] });
  const port = freePort();
  /** A target that answers anything with its name. */
  const named = (name: string) =>
    lab.use(tcpTarget(async (conn) => {
      await conn.read(new Uint8Array(4_096));
      await conn.write(new TextEncoder().encode(name));
    }));
  const routed = async (name: string, sni_pattern?: string): Promise<number> => {
    const target = named(name);
    const rule = { listen_port: port, target_host: "127.0.0.1", target_port: target.port };
    return await push(world, { ...rule, ...(sni_pattern !== undefined && { sni_pattern }) });
  };
  const api = await routed("api", "api.example.com");
  await routed("any", "*.example.com");
  await routed("plain");

  const asked = async (serverName: string | null): Promise<string> => {
    using client = await TestConn.open(port);
    await client.conn.write(await clientHello(serverName));
    const answer = new Uint8Array(16);
    const length = await client.conn.read(answer) ?? 0;
    return new TextDecoder().decode(answer.subarray(0, length));
  };
  assert.equal(await asked("api.example.com"), "api");
  assert.equal(await asked("www.example.com"), "any");
  assert.equal(await asked("other.test"), "plain");
  assert.equal(await asked(null), "plain");

  await statsOf(world, api, ({ bytes_out }) => bytes_out === 3);
  const metrics = await world.operator.api("GET", "/v1/metrics");
  assert.match(
    String(metrics.body),
    /^portunus_tls_sni_route_total\{[^}]*result="wildcard"[^}]*\} 1$/m,
  );
});
