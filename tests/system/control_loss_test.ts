import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { TestConn, untilRefused } from "../kit/conn.ts";
import { labTest } from "../kit/lab.ts";
import { Link } from "../kit/link.ts";
import { freePort } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";

/** Reconnects at once, so that tests do not wait for the backoff. */
const FAST = ["--reconnect-initial-delay-ms", "20", "--reconnect-max-delay-secs", "1"];

labTest(
  "a server killed under traffic is not noticed by it, and its return re-binds nothing",
  async (lab) => {
    const { server, operator, client } = await lab.connected({ clientArgs: FAST });
    const target = lab.use(echoTarget());
    const port = freePort();
    const id = await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
    using before = await TestConn.open(port);
    assert.equal(await before.echo("before"), "before");

    await server.process.kill();
    await client.event("control.disconnected");
    assert.equal(await before.echo("while it is away"), "while it is away");
    using during = await TestConn.open(port);
    assert.equal(await during.echo("new ones too"), "new ones too");

    const mark = client.mark();
    const restarted = await lab.server();
    await client.event("control.connected", {}, mark);
    await restarted.process.event("client.connected");
    const other = await operator.push("edge-01", freePort(), `127.0.0.1:${target.port}`);
    assert.deepEqual(await operator.stateOf(id), { kind: "active" });
    assert.equal(await before.echo("and after"), "and after");
    assert.equal(await during.echo("and after"), "and after");
    assert.deepEqual(client.logs.all("rule.removed"), []);
    assert.deepEqual(client.logs.all("rule.activated").map(({ fields }) => fields["rule_id"]), [
      id,
      other,
    ]);
  },
);

labTest("a client that is killed gets its rules back by replay", async (lab) => {
  const { server, operator, client, bundle } = await lab.connected();
  const target = lab.use(echoTarget());
  const port = freePort();
  const id = await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  await client.kill();
  await server.process.event("client.disconnected");

  const next = lab.client({ bundle, args: ["--no-state"] });
  await next.event("rule.activated", { rule_id: id });
  using conn = await TestConn.open(port);
  assert.equal(await conn.echo("again"), "again");
});

labTest(
  "the replay is applied as a difference: removed rules go, the others are not touched",
  async (lab) => {
    const { server, operator } = await lab.operated();
    const link = lab.use(new Link(server.grpc));
    const bundle = await operator.enroll("edge-01", lab.path("edge.json"));
    const content = JSON.parse(await Deno.readTextFile(bundle)) as Record<string, unknown>;
    await Deno.writeTextFile(
      bundle,
      JSON.stringify({ ...content, server_endpoint: `127.0.0.1:${link.port}` }),
    );
    const client = lab.client({ bundle, args: FAST });
    await client.event("control.connected");
    const target = lab.use(echoTarget());
    const [kept, gone] = [freePort(), freePort()];
    const keptId = await operator.push("edge-01", kept, `127.0.0.1:${target.port}`);
    const goneId = await operator.push("edge-01", gone, `127.0.0.1:${target.port}`);
    using conn = await TestConn.open(kept);
    assert.equal(await conn.echo("hello"), "hello");

    link.cut();
    await client.event("control.disconnected");
    await server.process.event("client.disconnected");
    await operator.ok(["remove-rule", goneId]);
    using late = await TestConn.open(gone);
    assert.equal(await late.echo("still here"), "still here", "nobody could tell the client yet");

    const mark = client.mark();
    link.mend();
    await client.event("rule.removed", { rule_id: goneId }, mark);
    await untilRefused(gone);
    assert.equal(await conn.echo("never interrupted"), "never interrupted");
    assert.deepEqual(client.logs.all("rule.removed").map(({ fields }) => fields["rule_id"]), [
      goneId,
    ]);
    assert.deepEqual(await operator.stateOf(keptId), { kind: "active" });
  },
);

labTest("a replay of thousands of rules gets through, answers and all", async (lab) => {
  const { server, operator, bundle, client } = await lab.connected();
  assert.equal(await client.stop(), 0);
  assert.equal(await server.process.stop(), 0);
  const { client_id } = JSON.parse(await Deno.readTextFile(bundle)) as { client_id: string };
  const rules = 4_000;
  storeRules(`${server.dataDir}/state.db`, client_id, rules);

  await lab.server();
  const next = lab.client({ bundle });
  // Ports that something else has make their rules fail, which is an answer as well.
  await Promise.race(
    ["rule.activated", "rule.failed"].map((event) =>
      next.event(event, { rule_id: `${rules - 1}` })
    ),
  );
  const target = lab.use(echoTarget());
  await operator.command(["push-rule", "edge-01", `${freePort()}`, `127.0.0.1:${target.port}`]);
  const listed = (await operator.api("GET", "/v1/rules")).body as { state: { kind: string } }[];
  assert.equal(
    listed.filter(({ state }) => state.kind === "pending").length,
    0,
    "every answer was heard",
  );
  assert.ok(listed.filter(({ state }) => state.kind === "active").length > rules / 2);
});

/** Enters `count` active rules, on ports below those of `freePort`, into the store of a stopped server. */
function storeRules(path: string, clientId: string, count: number): void {
  using db = new DatabaseSync(path);
  const insert = db.prepare(`
    INSERT INTO rules (id, listen_port, target_host, target_port, owner_user_id, created_at, updated_at,
                       client_name, client_id, state_kind)
    VALUES (?, ?, '127.0.0.1', 9, '_superadmin', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00',
            'edge-01', ?, 'active')`);
  db.exec("BEGIN");
  for (let id = 0; id < count; id++) insert.run(id, 5_000 + id, clientId);
  db.exec("COMMIT");
}

labTest("a revoked client stops forwarding, stays up, and exits 0 when told to", async (lab) => {
  const { operator, client, bundle } = await lab.connected({ clientArgs: FAST });
  const target = lab.use(echoTarget());
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  const clientId = (JSON.parse(await Deno.readTextFile(bundle)) as { client_id: string }).client_id;
  for (let i = 0; i < 2; i++) {
    assert.equal((await operator.api("POST", `/v1/clients/${clientId}/revoke`)).status, 204);
  }
  await client.event("control.terminal", { error: "token_revoked" });
  await untilRefused(port);
  assert.match(await operator.ok(["list-clients"]), / edge-01 +disconnected /);
  assert.equal(await client.stop(), 0);
});

labTest("a client with the wrong pin never gets in, and keeps trying", async (lab) => {
  const { server, bundle, client } = await lab.connected();
  assert.equal(await client.stop(), 0);
  const content = JSON.parse(await Deno.readTextFile(bundle)) as Record<string, unknown>;
  const wrong = lab.path("wrong.json");
  await Deno.writeTextFile(
    wrong,
    JSON.stringify({ ...content, server_cert_sha256: "0".repeat(64) }),
  );
  const mark = server.process.mark();
  const stubborn = lab.client({ bundle: wrong, args: FAST });
  await stubborn.event("control.connecting", { attempt: 3 });
  const [failure] = stubborn.logs.all("control.connect_failed");
  assert.match(
    String(failure?.fields["error"]),
    /server certificate fingerprint does not match the pinned value/,
  );
  assert.deepEqual(
    server.process.logs.lines.slice(mark).filter(({ event }) => event?.startsWith("client.")),
    [],
  );
  assert.equal(await stubborn.stop(), 0);
});

labTest("of two processes with one bundle the later one is served", async (lab) => {
  const { server, client, bundle } = await lab.connected({
    clientArgs: ["--reconnect-initial-delay-ms", "60000", "--reconnect-max-delay-secs", "600"],
  });
  const second = lab.client({ bundle });
  await second.event("control.connected");
  await client.event("control.disconnected");
  await server.process.event("client.disconnected", { session_id: 1 });
  assert.deepEqual(second.logs.all("control.disconnected"), []);
});

labTest("stopping a client drains its connections and tells the server", async (lab) => {
  const { server, operator, client } = await lab.connected();
  const target = lab.use(echoTarget());
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  const conn = await TestConn.open(port);
  assert.equal(await conn.echo("open"), "open");
  client.signal("SIGTERM");
  await server.process.event("client.rule_status_unmatched", { rule_id: 0 });
  await untilRefused(port);
  assert.equal(await conn.echo("draining"), "draining");
  conn[Symbol.dispose]();
  assert.equal(await client.status, 0);
  await client.event("client.stopped").catch(() => undefined);
  assert.equal(client.logs.all("client.stopped").length, 1);
});

labTest("10,000 connections leave nothing behind", async (lab) => {
  const { server, operator, client } = await lab.connected({
    clientArgs: ["--stats-report-interval-secs", "1"],
  });
  const target = lab.use(echoTarget());
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  const descriptors = () => [...Deno.readDirSync(`/proc/${client.pid}/fd`)].length;
  const visit = async () => {
    using conn = await TestConn.open(port);
    assert.equal(await conn.echo("x"), "x");
  };
  /** Descriptors once the client reports that no connection is left. */
  const idleDescriptors = async () => {
    while (true) {
      await server.process.event("client.stats_report", {}, server.process.mark());
      const { body } = await operator.api("GET", "/v1/rules/0/stats");
      if ((body as { active_connections: number }).active_connections === 0) return descriptors();
    }
  };
  await visit();
  const before = await idleDescriptors();
  await Promise.all(Array.from({ length: 20 }, async () => {
    for (let i = 0; i < 500; i++) await visit();
  }));
  const after = await idleDescriptors();
  assert.ok(after <= before + 2, `${before} descriptors before, ${after} after`);
});
