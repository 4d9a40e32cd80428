import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { TestConn, untilRefused } from "../kit/conn.ts";
import { labTest } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { freePort, freeRange } from "../kit/ports.ts";
import { adjacentTargets, echoTarget, tcpTarget } from "../kit/targets.ts";

labTest("a taken port fails the rule, which blocks the port until it is removed", async (lab) => {
  const { operator } = await lab.connected();
  const target = lab.use(echoTarget());
  const port = freePort();
  const push = ["push-rule", "edge-01", `${port}`, `127.0.0.1:${target.port}`];
  {
    using _holder = Deno.listen({ hostname: "0.0.0.0", port });
    const { code, stderr } = await operator.command(push);
    assert.equal(code, 6, stderr);
    assert.match(stderr, /^error: activation_failed \(activation_failed: port_in_use\)$/m);
  }
  assert.deepEqual(await operator.stateOf("0"), { kind: "failed", reason: "port_in_use" });
  const blocked = await operator.command(push);
  assert.equal(blocked.code, 5);
  assert.match(
    blocked.stderr,
    new RegExp(`^error: port_in_use \\(port_in_use: port ${port} already in use\\)$`, "m"),
  );

  await operator.ok(["remove-rule", "0"]);
  assert.equal(await operator.push("edge-01", port, `127.0.0.1:${target.port}`), "1");
  await operator.ok(["remove-rule", "1"]);
  await untilRefused(port);
  Deno.listen({ hostname: "::", port }).close();
});

labTest("an unreachable target closes the connection and leaves the rule active", async (lab) => {
  const { operator, client } = await lab.connected();
  const port = freePort();
  const ruleId = await operator.push("edge-01", port, `127.0.0.1:${freePort()}`);
  using conn = await TestConn.open(port);
  await conn.closed();
  await client.event("rule.conn_error");
  assert.deepEqual(await operator.stateOf(ruleId), { kind: "active" });

  const named = await operator.push("edge-01", freePort(), "no-such-host.invalid:80");
  const rule = (await operator.api("GET", `/v1/rules/${named}`)).body as { listen_port: number };
  using other = await TestConn.open(rule.listen_port);
  await other.closed();
  await client.event("rule.dns_failed", { hostname: "no-such-host.invalid" });
  assert.deepEqual(await operator.stateOf(named), { kind: "active" });
});

labTest(
  "a client that does not answer in time leaves the rule pending; its late answer counts",
  async (lab) => {
    const { server, operator, client } = await lab.connected();
    const target = lab.use(echoTarget());
    const port = freePort();
    client.signal("SIGSTOP");
    const { code, stderr } = await operator.command([
      ...["push-rule", "edge-01", `${port}`, `127.0.0.1:${target.port}`],
      ...["--ack-timeout", "1"],
    ]);
    assert.equal(code, 7, stderr);
    assert.match(stderr, /^error: ack_timeout \(ack_timeout\)$/m);
    assert.deepEqual(await operator.stateOf("0"), { kind: "pending" });

    client.signal("SIGCONT");
    await client.event("rule.activated", { rule_id: "0" });
    await operator.push("edge-01", freePort(), `127.0.0.1:${target.port}`);
    assert.deepEqual(await operator.stateOf("0"), { kind: "active" }, "answers come in order");
    await server.process.event("audit.rule_push", { outcome: "ack_timeout" });
  },
);

labTest("pushing to a client that is not connected stores nothing", async (lab) => {
  const { operator, client } = await lab.connected();
  const { code, stderr } = await operator.command([
    "push-rule",
    "elsewhere",
    "8080",
    "127.0.0.1:80",
  ]);
  assert.equal(code, 4, stderr);
  assert.match(stderr, /^error: client_not_connected \(client_not_connected: elsewhere\)$/m);
  assert.equal(await client.stop(), 0);
  assert.deepEqual((await operator.api("GET", "/v1/rules")).body, []);
});

labTest("rule ids beyond 2^53 are exact end to end", async (lab) => {
  const dataDir = lab.path("server");
  const token = await lab.bootstrap(dataDir);
  {
    // A stored rule of another client makes the next id 2^53 + 2; 2^53 + 1 is not a double.
    using db = new DatabaseSync(`${dataDir}/state.db`);
    db.exec(`
      INSERT INTO rules (id, listen_port, target_host, target_port, owner_user_id, created_at, updated_at, client_name, client_id)
      VALUES (9007199254740992, 1, 'localhost', 1, '_superadmin', '2026-01-01T00:00:00.123456789+00:00',
              '2026-01-01T00:00:00+00:00', 'gone', '01ARZ3NDEKTSV4RRFFQ69G5FAV')
    `);
  }
  const server = await lab.server();
  const operator = new Operator(lab, server.http, token);
  const bundle = await operator.enroll("edge-01", lab.path("edge.json"));
  const client = lab.client({ bundle, args: ["--stats-report-interval-secs", "1"] });
  await client.event("control.connected");
  const target = lab.use(echoTarget());
  const port = freePort();

  const pushed = ["push-rule", "edge-01", `${port}`, `127.0.0.1:${target.port}`];
  const id = (await operator.ok(pushed)).trim();
  assert.equal(id, "9007199254740993");
  await client.event("rule.activated", { rule_id: id });
  await server.process.event("client.stats_report");
  assert.match(await operator.ok(["rule-stats", id]), /^rule_id=9007199254740993 /);
  assert.match(
    await operator.ok(["rule-stats", id, "--format", "json"]),
    /"rule_id": 9007199254740993,/,
  );
  const rules = await operator.ok(["list-rules", "--format", "json"]);
  assert.match(rules, /"id": 9007199254740992,/);
  assert.match(rules, /"created_at": "2026-01-01T00:00:00.123456789Z"/);
  await operator.ok(["remove-rule", id]);
  await client.event("rule.removed", { rule_id: id });
});

labTest("a range maps port by port and counts port by port", async (lab) => {
  const { server, operator } = await lab.connected({
    clientArgs: ["--stats-report-interval-secs", "1"],
  });
  const pair = lab.use(adjacentTargets());
  const start = freeRange(2);
  const mismatch = await operator.command([
    "push-rule",
    "edge-01",
    `${start}-${start + 1}`,
    `127.0.0.1:${pair.port}`,
  ]);
  assert.equal(mismatch.code, 3);
  assert.match(mismatch.stderr, /range_length_mismatch: listen_len=2 target_len=1/);

  const id = (await operator.ok([
    "push-rule",
    "edge-01",
    `${start}-${start + 1}`,
    `127.0.0.1:${pair.port}-${pair.port + 1}`,
  ])).trim();
  using first = await TestConn.open(start);
  using second = await TestConn.open(start + 1);
  assert.equal(await first.echo("to the first"), "to the first");
  assert.equal(await second.echo("TO THE SECOND ONE"), "TO THE SECOND ONE");
  assert.deepEqual(pair.served, [1, 1]);
  const lastRow = new RegExp(`^${start + 1} +17 +17 +1 +$`, "m");
  const table = await operator.counters(server.process, [id, "--per-port"], lastRow);
  assert.match(table, new RegExp(`^${start} +12 +12 +1 +$`, "m"));
});

labTest("each direction can end by itself", async (lab) => {
  const { operator } = await lab.connected();
  const target = lab.use(tcpTarget(async (conn) => {
    const buffer = new Uint8Array(65_536);
    let received = 0;
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) received += n;
    await conn.write(new TextEncoder().encode(`received ${received}`));
  }));
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  using outside = await TestConn.open(port);
  await outside.conn.write(new Uint8Array(100_000));
  await outside.conn.closeWrite();
  assert.equal(await new Response(outside.conn.readable).text(), "received 100000");
});

labTest("commands do not send the token to the proxy of the environment", async (lab) => {
  const { operator } = await lab.operated();
  const proxy = lab.use(tcpTarget(async (conn) => void await conn.read(new Uint8Array(1))));
  const address = `http://127.0.0.1:${proxy.port}`;
  const { code, stderr } = await lab.serverCommand(
    ["list-rules", "--http-endpoint", operator.http],
    {
      PORTUNUS_OPERATOR_TOKEN: operator.token,
      HTTP_PROXY: address,
      http_proxy: address,
      ALL_PROXY: address,
    },
  );
  assert.equal(code, 0, stderr);
});
