import assert from "node:assert/strict";
import { silent } from "../../../tests/kit/connected_edge.ts";
import { ruleStatus } from "../../../tests/kit/messages.ts";
import { EDGE_2, isError } from "../../../tests/kit/rule_fixture.ts";
import { ALICE, BOB, ROOT, TunnelFixture } from "../../../tests/kit/tunnel_fixture.ts";
import { ActivationOutcome } from "../../wire/gen/portunus/v1/portunus_pb.ts";
import { ClientRepository } from "../../store/clients.ts";

Deno.test("create() makes a passthrough tunnel an SNI rule of its client", async () => {
  using it = new TunnelFixture();
  const edge = it.connect(undefined, "3.2.0");
  const tunnel = await it.create({ description: "the shop", proxyProtocol: "v2" });
  assert.equal(tunnel.fqdn, "app.example.test");
  assert.equal(tunnel.subdomain, "app");
  assert.deepEqual(tunnel.state, { kind: "active" });
  assert.equal(tunnel.client?.clientName, "edge-01");
  const rule = it.rules.get(tunnel.ruleId ?? -1n);
  assert.equal(rule?.sniPattern, "app.example.test");
  assert.deepEqual(rule?.listen, { start: 443, end: 443 });
  assert.deepEqual(rule?.targets, [
    { host: "10.0.0.5", port: 443, priority: 0, proxyProtocol: "v2" },
  ]);
  assert.equal(rule?.ownerId, "_superadmin");
  assert.deepEqual(edge.commands, ["PUSH 0"]);
  assert.deepEqual(it.names, ["app.example.test tunnel"]);
  assert.deepEqual(it.termination.issued, [], "no certificate of ours");
});

Deno.test("create() gives one of many who want a name it, and leaves nothing of the others", async () => {
  using it = new TunnelFixture();
  it.connect();
  const asked = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => it.create({ listenPort: 443 + i })),
  );
  const won = asked.filter(({ status }) => status === "fulfilled");
  assert.equal(won.length, 1);
  for (const result of asked) {
    if (result.status === "rejected") isError("host_in_use")(result.reason);
  }
  assert.equal(it.rules.list().length, 1);
  assert.equal(it.tunnels.list(ROOT).length, 1);
  assert.deepEqual(it.names, ["app.example.test tunnel"]);
});

Deno.test("create() wants a name that can be had", async () => {
  using it = new TunnelFixture();
  it.connect();
  const cases: [Parameters<typeof it.create>[0], string][] = [
    [{ subdomain: "www" }, "host_reserved"],
    [{ fqdn: "www.example.test" }, "host_reserved"],
    [{ fqdn: "WWW.Example.Test." }, "host_reserved"],
    [{ fqdn: "*.example.test" }, "host_invalid"],
    [{ subdomain: "bücher" }, "host_invalid"],
    [{ subdomain: null }, "tunnel_invalid"],
    [{ subdomain: "app", fqdn: "app.example.test" }, "tunnel_invalid"],
    [{ target: "10.0.0.5" }, "tunnel_invalid"],
    [{ target: "10.0.0.5:0" }, "tunnel_invalid"],
    [{ target: "[::1:443" }, "tunnel_invalid"],
    [{ listenPort: 0 }, "tunnel_invalid"],
    [{ description: "x".repeat(201) }, "tunnel_invalid"],
    [{ access: "public" }, "tunnel_invalid"],
    [{ clientId: "nobody" }, "client_not_found"],
    [{ clientId: EDGE_2.clientId }, "client_not_connected"],
  ];
  for (const [request, code] of cases) {
    await assert.rejects(it.create(request), isError(code), JSON.stringify(request));
  }
  assert.deepEqual(it.names, []);
  assert.equal(
    (await it.create({ subdomain: "XN--bcher-kva" })).fqdn,
    "xn--bcher-kva.example.test",
  );
  it.domain = null;
  await assert.rejects(it.create(), isError("domain_not_set"));
  assert.equal((await it.create({ fqdn: "app.elsewhere.test" })).subdomain, null);
  it.maxHosts = 2;
  await assert.rejects(it.create({ fqdn: "b.elsewhere.test" }), isError("host_limit_reached"));
});

Deno.test("create() lets users make what their grants cover", async () => {
  using it = new TunnelFixture();
  it.connect();
  await assert.rejects(it.create({}, ALICE), isError("client_not_granted"));
  const grant = (start: number, end: number) =>
    ({ client: "edge-01", listen: { start, end }, protocols: ["tcp"] }) as const;
  it.grants.set("alice", [grant(1024, 65535)]);
  await assert.rejects(it.create({}, ALICE), isError("port_outside_grant"));
  it.grants.set("alice", [grant(443, 443), grant(30_000, 30_001)]);
  const own = await it.create({}, ALICE);
  assert.equal(it.rules.get(own.ruleId ?? -1n)?.ownerId, "alice");
  const terminate = { kind: "terminate", access: "restricted" } as const;
  const ports = [];
  for (const subdomain of ["a", "b"]) {
    ports.push((await it.create({ ...terminate, subdomain }, ALICE)).listenPort);
  }
  assert.deepEqual(ports, [30_000, 30_001]);
  await assert.rejects(
    it.create({ ...terminate, subdomain: "c" }, ALICE),
    isError("listen_port_unavailable"),
  );
  assert.equal(it.tunnels.list(ALICE).length, 3);
  assert.equal(it.tunnels.list(BOB).length, 0);
  assert.equal(it.tunnels.list(ROOT).length, 3);
});

Deno.test("create() undoes all of it when the client refuses, or says nothing", async () => {
  using it = new TunnelFixture();
  const edge = it.connect();
  edge.answer = ({ requestId, rule }) =>
    ruleStatus({
      requestId,
      ruleId: rule?.ruleId ?? 0n,
      outcome: ActivationOutcome.FAILED,
      reason: "permission denied",
    });
  await assert.rejects(it.create(), isError("activation_failed", /permission denied/));
  edge.answer = silent;
  const unanswered = assert.rejects(it.create(), isError("ack_timeout"));
  await it.logger.seen("audit.rule_push", 3);
  it.clock.advance(2_000);
  await unanswered;
  assert.deepEqual(it.rules.list(), []);
  assert.deepEqual(it.names, []);
  assert.deepEqual(edge.commands, ["PUSH 0", "REMOVE 0", "PUSH 1", "REMOVE 1"]);
});

Deno.test("conflicts of the port are told as for rules", async () => {
  using it = new TunnelFixture();
  it.connect();
  await it.push({ listen: { start: 443, end: 443 } });
  await assert.rejects(it.create(), isError("conflict.legacy_to_sni_unsupported"));
  assert.deepEqual(it.names, []);
});

Deno.test("a tunnel that is switched off keeps its name, and comes back with another rule", async () => {
  using it = new TunnelFixture();
  it.connect();
  const { tunnelId } = await it.create();
  const off = await it.tunnels.change(tunnelId, { enabled: false }, ROOT);
  assert.deepEqual([off.state, off.ruleId, it.rules.list()], [{ kind: "disabled" }, null, []]);
  await assert.rejects(it.create(), isError("host_in_use"));
  const on = await it.tunnels.change(tunnelId, { enabled: true, description: "back" }, ROOT);
  assert.deepEqual([on.state, on.description], [{ kind: "active" }, "back"]);
  assert.equal(it.rules.list().length, 1);
  const same = await it.tunnels.change(tunnelId, { enabled: true }, ROOT);
  assert.equal(same.ruleId, on.ruleId, "what works is left alone");
});

Deno.test("a tunnel that cannot be switched on stays off", async () => {
  using it = new TunnelFixture();
  const edge = it.connect();
  const { tunnelId } = await it.create();
  await it.tunnels.change(tunnelId, { enabled: false }, ROOT);
  it.registry.unregister(edge.session);
  await assert.rejects(
    it.tunnels.change(tunnelId, { enabled: true }, ROOT),
    isError("client_not_connected"),
  );
  assert.deepEqual(it.tunnels.get(tunnelId).state, { kind: "disabled" });
});

Deno.test("a tunnel whose rule is removed is detached, until it is switched on again", async () => {
  using it = new TunnelFixture();
  it.connect();
  const { tunnelId, ruleId } = await it.create();
  await it.rules.remove(ruleId ?? -1n);
  assert.deepEqual(it.tunnels.get(tunnelId).state, { kind: "detached" });
  assert.equal(it.tunnels.get(tunnelId).ruleId, null);
  const repaired = await it.tunnels.change(tunnelId, { enabled: true }, ROOT);
  assert.deepEqual(repaired.state, { kind: "active" });
});

Deno.test("remove() takes rule and name along", async () => {
  using it = new TunnelFixture();
  const edge = it.connect();
  const { tunnelId } = await it.create();
  await it.tunnels.remove(tunnelId);
  assert.deepEqual([it.rules.list(), it.names, it.tunnels.list(ROOT)], [[], [], []]);
  assert.deepEqual(edge.commands, ["PUSH 0", "REMOVE 0"]);
  await assert.rejects(it.tunnels.remove(tunnelId), isError("tunnel_not_found"));
});

Deno.test("a server that died before there was a rule shows why, and leaks no name", async () => {
  using it = new TunnelFixture();
  // What is there between the transaction of the name and that of the rule.
  const { store } = it.db;
  store.db.run("INSERT INTO published_hosts VALUES ('app.example.test', 'tunnel', 'T9')");
  store.db.run(`INSERT INTO tunnels (tunnel_id, fqdn, kind, client_id, listen_port, target_host,
    target_port, owner_user_id, created_at, updated_at)
    VALUES ('T9', 'app.example.test', 'passthrough', 'C1', 443, '10.0.0.5', 443, 'alice',
      '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')`);
  it.restart();
  assert.deepEqual(it.tunnels.get("T9").state, { kind: "failed", reason: "interrupted" });
  it.connect();
  const repaired = await it.tunnels.change("T9", { enabled: true }, ROOT);
  assert.deepEqual(repaired.state, { kind: "active" });
  await it.tunnels.remove("T9");
  assert.deepEqual(it.names, []);
});

Deno.test("a server that died while the client was asked finishes the tunnel", async () => {
  using it = new TunnelFixture();
  it.connect().answer = silent;
  const never = assert.rejects(it.create());
  await it.logger.seen("audit.rule_push", 1);
  const [before] = it.tunnels.list(ROOT);
  assert.deepEqual(before?.state, { kind: "provisioning" });
  const rows = it.db.store.db.all("SELECT tunnel_id, rule_id FROM tunnels");
  assert.deepEqual(rows.map((row) => ({ ...row })), [{ tunnel_id: "T0", rule_id: 0n }]);
  it.restart();
  it.clock.advance(2_000);
  await never;
  assert.deepEqual(it.tunnels.get("T0").state, { kind: "provisioning" }, "the client is away");
  const edge = it.connect();
  it.rules.beginReplay(edge.session);
  it.rules.onStatus(edge.session, ruleStatus({ requestId: "replay", ruleId: 0n }));
  assert.deepEqual(it.tunnels.get("T0").state, { kind: "active" });
  assert.deepEqual(it.names, ["app.example.test tunnel"]);
});

Deno.test("a tunnel goes with its owner, and its name with it", async () => {
  using it = new TunnelFixture();
  it.connect();
  it.grants.set("alice", [
    { client: "*", listen: { start: 1, end: 65_535 }, protocols: ["tcp"] },
  ]);
  const { ruleId } = await it.create({}, ALICE);
  const rule = it.rules.get(ruleId ?? -1n);
  await it.rules.removeAll(rule ? [rule] : [], () => {
    it.db.store.db.run("DELETE FROM users WHERE user_id = 'alice'");
  });
  assert.deepEqual([it.names, it.tunnels.list(ROOT)], [[], []]);
});

Deno.test("the second client of a name is the one that was meant", async () => {
  using it = new TunnelFixture();
  new ClientRepository(it.db.store).rename("C2", "edge-01");
  const first = it.connect();
  const second = it.connect({ clientId: "C2", clientName: "edge-01" });
  await it.create({ clientId: "C2" });
  assert.deepEqual([first.commands, second.commands], [[], ["PUSH 0"]]);
});
