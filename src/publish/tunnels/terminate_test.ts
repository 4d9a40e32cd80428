import assert from "node:assert/strict";
import { isError } from "../../../tests/kit/rule_fixture.ts";
import { ALICE, ROOT, TunnelFixture } from "../../../tests/kit/tunnel_fixture.ts";
import { turn } from "../../../tests/kit/turn.ts";
import { PortunusError } from "../../core/errors.ts";
import { ClientRepository } from "../../store/clients.ts";

const TERMINATE = { kind: "terminate", target: "127.0.0.1:3000" } as const;

Deno.test("create() makes a terminate tunnel a plain rule, a certificate and a route", async () => {
  using it = new TunnelFixture();
  it.connect();
  await it.push({ listen: { start: 20_000, end: 20_000 } });
  const tunnel = await it.create({ ...TERMINATE, allowedUsers: ["bob"] });
  const rule = it.rules.get(tunnel.ruleId ?? -1n);
  assert.deepEqual([rule?.sniPattern, rule?.listen.start], [null, 20_001]);
  assert.deepEqual([tunnel.access, tunnel.state], ["restricted", { kind: "active" }]);
  assert.deepEqual(it.termination.issued, ["app.example.test"]);
  const { routes } = it.termination;
  assert.deepEqual(routes.get("app.example.test")?.target, {
    kind: "proxy",
    upstream: { hostname: "10.0.0.7", port: 20_001 },
  });
  assert.deepEqual(routes.policyOf("app.example.test"), { users: ["bob"] });
  const opened = await it.tunnels.change(tunnel.tunnelId, { access: "authenticated" }, ROOT);
  assert.equal(opened.access, "authenticated");
  assert.deepEqual(routes.policyOf("app.example.test"), { users: null });
  await it.tunnels.change(tunnel.tunnelId, { access: "public" }, ROOT);
  assert.equal(routes.get("app.example.test")?.gate, null);
  await it.tunnels.remove(tunnel.tunnelId);
  assert.equal(routes.get("app.example.test"), undefined);
  assert.deepEqual(it.termination.released, ["app.example.test"]);
});

Deno.test("a login that can be gone around is refused, whoever asks", async () => {
  using it = new TunnelFixture();
  it.connect();
  it.connect({ clientId: "C2", clientName: "edge-02" });
  const onPublic = { ...TERMINATE, clientId: "C2" } as const;
  for (const access of [null, "restricted", "authenticated"] as const) {
    await assert.rejects(
      it.create({ ...onPublic, access }),
      isError("access_needs_private_upstream", /203\.0\.113\.9/),
    );
  }
  const open = await it.create({ ...onPublic, access: "public" });
  await assert.rejects(
    it.tunnels.change(open.tunnelId, { access: "restricted" }, ROOT),
    isError("access_needs_private_upstream"),
  );
  const inside = await it.create({ ...TERMINATE, subdomain: "inside" });
  new ClientRepository(it.db.store).setAddress("C1", "203.0.113.10");
  it.tunnels.clientMoved("C1");
  assert.equal(
    it.termination.routes.get(inside.fqdn),
    undefined,
    "closed when the client moves out",
  );
  new ClientRepository(it.db.store).setAddress("C1", "10.0.0.8");
  it.tunnels.clientMoved("C1");
  const target = it.termination.routes.get(inside.fqdn)?.target;
  assert.deepEqual(target?.kind === "proxy" && target.upstream.hostname, "10.0.0.8");
});

Deno.test("users do not open a host wider than restricted", async () => {
  using it = new TunnelFixture();
  it.connect();
  it.grants.set("alice", [
    { client: "*", listen: { start: 1, end: 65_535 }, protocols: ["tcp"] },
  ]);
  for (const access of ["public", "authenticated"] as const) {
    await assert.rejects(it.create({ ...TERMINATE, access }, ALICE), isError("role_required"));
  }
  const { tunnelId } = await it.create(TERMINATE, ALICE);
  await assert.rejects(
    it.tunnels.change(tunnelId, { access: "authenticated" }, ALICE),
    isError("role_required"),
  );
  await it.tunnels.change(tunnelId, { access: "authenticated" }, ROOT);
  const narrower = await it.tunnels.change(tunnelId, { access: "restricted" }, ALICE);
  assert.equal(narrower.access, "restricted");
  await assert.rejects(
    it.tunnels.change(tunnelId, { allowedUsers: ["nobody"] }, ALICE),
    isError("tunnel_invalid", /nobody/),
  );
});

Deno.test("terminate tunnels wait for the set-up, and their full names for DNS", async () => {
  using it = new TunnelFixture();
  it.connect();
  it.termination.isReady = false;
  await assert.rejects(it.create(TERMINATE), isError("publish_not_ready"));
  it.termination.isReady = true;
  it.termination.pointsHere = (fqdn) => fqdn === "here.test";
  await assert.rejects(it.create({ ...TERMINATE, fqdn: "there.test" }), isError("dns_mismatch"));
  assert.equal((await it.create({ ...TERMINATE, fqdn: "here.test" })).fqdn, "here.test");
  new ClientRepository(it.db.store).setAddress("C1", "10.0.0.7");
  it.db.store.db.run("UPDATE client_tokens SET client_address = NULL WHERE client_id = 'C1'");
  await assert.rejects(it.create(TERMINATE), isError("tunnel_invalid", /client_address/));
});

Deno.test("create() takes the rule back when there is no certificate", async () => {
  using it = new TunnelFixture();
  const edge = it.connect();
  it.termination.issue = () => Promise.reject(new PortunusError("certificate_failed", "no"));
  await assert.rejects(it.create(TERMINATE), isError("certificate_failed"));
  assert.deepEqual(edge.commands, ["PUSH 0", "REMOVE 0"]);
  assert.deepEqual([it.rules.list(), it.names], [[], []]);
  assert.equal(it.termination.routes.get("app.example.test"), undefined);
});

Deno.test("a route goes with its rule, whoever removes it", async () => {
  using it = new TunnelFixture();
  it.connect();
  const { tunnelId, fqdn, ruleId } = await it.create(TERMINATE);
  await it.rules.remove(ruleId ?? -1n);
  assert.equal(it.termination.routes.get(fqdn), undefined);
  assert.deepEqual(it.tunnels.get(tunnelId).state, { kind: "detached" });
  await it.tunnels.change(tunnelId, { enabled: true }, ROOT);
  assert.ok(it.termination.routes.get(fqdn));
  await it.tunnels.change(tunnelId, { enabled: false }, ROOT);
  assert.equal(it.termination.routes.get(fqdn), undefined);
});

Deno.test("a restart brings back routes at once, with certificates or without", async () => {
  using it = new TunnelFixture();
  it.connect();
  const { fqdn, tunnelId } = await it.create(TERMINATE);
  it.termination.routes.delete(fqdn);
  it.termination.issue = () => Promise.reject(new PortunusError("certificate_failed"));
  it.restart();
  assert.ok(it.termination.routes.get(fqdn));
  await it.logger.seen("tunnel.certificate_failed", 1);
  assert.deepEqual(it.tunnels.get(tunnelId).progress, { kind: "active" });
});

Deno.test("a server that died while the certificate was issued goes on, or says why not", async () => {
  using it = new TunnelFixture();
  it.connect();
  const asked = Promise.withResolvers<void>();
  it.termination.issue = () => {
    asked.resolve();
    return new Promise(() => undefined);
  };
  void it.create(TERMINATE);
  await asked.promise;
  assert.equal(it.termination.routes.get("app.example.test"), undefined);
  it.termination.issue = () => Promise.resolve();
  it.restart();
  while (it.termination.routes.get("app.example.test") === undefined) await turn();
  assert.deepEqual(it.tunnels.get("T0").progress, { kind: "active" });

  it.connect();
  const again = Promise.withResolvers<void>();
  it.termination.issue = () => {
    again.resolve();
    return new Promise(() => undefined);
  };
  void it.create({ ...TERMINATE, subdomain: "b" });
  await again.promise;
  it.termination.issue = () => Promise.reject(new PortunusError("certificate_failed"));
  it.restart();
  await it.logger.seen("tunnel.certificate_failed", 2);
  while (it.tunnels.get("T1").state.kind === "provisioning") await turn();
  assert.deepEqual(it.tunnels.get("T1").state, { kind: "failed", reason: "certificate_failed" });
  assert.deepEqual(it.rules.list().map(({ id }) => id), [it.tunnels.get("T0").ruleId]);
  await it.tunnels.remove("T1");
  assert.deepEqual(it.names, ["app.example.test tunnel"]);
});
