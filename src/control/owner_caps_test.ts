import assert from "node:assert/strict";
import { EDGE, EDGE_2, isError, RuleFixture } from "../../tests/kit/rule_fixture.ts";
import { OwnerCapRepository } from "../store/owner_caps.ts";
import { localAccounts } from "../identity/local_identity_store.ts";
import { AccessService } from "./access.ts";

const ALICE = { clientId: EDGE.clientId, ownerId: "alice" };
const BODY = { bandwidth_in_bps: 9_007_199_254_740_993n, concurrent_connections: 3 };

const stored = (fixture: RuleFixture) =>
  new OwnerCapRepository(fixture.db.store).loadAll().map((it) => `${it.clientId} ${it.ownerId}`);

Deno.test("OwnerCapService.put() stores, and tells the client in the words of the wire", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  const cap = fixture.ownerCaps.put(ALICE, BODY);
  assert.deepEqual(cap, {
    ...ALICE,
    clientName: "edge-01",
    limits: { bandwidthInBps: 9_007_199_254_740_993n, concurrentConnections: 3 },
    updatedAtMs: fixture.clock.now(),
  });
  const { clientName: _, ...row } = cap;
  assert.deepEqual(new OwnerCapRepository(fixture.db.store).loadAll(), [row]);
  assert.deepEqual(fixture.logger.of("owner_cap.upserted").map(({ fields }) => fields), [
    { client_id: "C1", owner_id: "alice", updated_at_unix_ms: fixture.clock.now() },
  ]);
  edge.session.outbound.close();
  await edge.over;
  assert.deepEqual(edge.capCommands, ["SET alice"]);
  const [update] = edge.ownerCaps;
  assert.equal(update?.clientName, "edge-01");
  assert.equal(update?.clientId, "C1");
  assert.equal(update?.rateLimit?.bandwidthInBps, 9_007_199_254_740_993n);
  assert.equal(update?.rateLimit?.concurrentConnections, 3);
  assert.equal(update?.rateLimit?.bandwidthOutBps, undefined);
});

Deno.test("OwnerCapService.put() tells of an envelope without caps as one that is empty", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  fixture.ownerCaps.put(ALICE, {});
  edge.session.outbound.close();
  await edge.over;
  assert.deepEqual(edge.capCommands, ["SET alice"]);
  assert.ok(edge.ownerCaps[0]?.rateLimit, "SET without a body would mean REMOVE");
  assert.deepEqual(fixture.ownerCaps.get(ALICE).limits, {});
});

Deno.test("OwnerCapService.put() asks whether client and caps will do, in the stated order", () => {
  using fixture = new RuleFixture();
  const { ownerCaps } = fixture;
  const zero = { concurrent_connections: 0 };
  const reserved = { ...zero, concurrent_connections_burst: 1 };
  const unknown = { clientId: "C9", ownerId: "alice" };
  assert.throws(() => ownerCaps.put(unknown, reserved), isError("client_not_found"));
  assert.throws(
    () => ownerCaps.put(ALICE, reserved),
    isError("validation.rate_limit_burst_unsupported"),
  );
  const gate = (version: string) =>
    "rate_limit_unsupported_by_client: " +
    `client edge-01 (version ${version}) requires >= 0.11.0`;
  const code = "rate_limit_unsupported_by_client";
  assert.throws(() => ownerCaps.put(ALICE, zero), isError(code, gate("unknown")));
  fixture.connect(EDGE, "0.10.9");
  assert.throws(() => ownerCaps.put(ALICE, zero), isError(code, gate("0.10.9")));
  fixture.connect(EDGE, "0.11.0");
  assert.throws(() => ownerCaps.put(ALICE, zero), isError("validation.rate_limit_cap_zero"));
  assert.deepEqual(stored(fixture), []);
});

Deno.test("OwnerCapService.put() changes nothing when the store refuses", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  fixture.ownerCaps.put(ALICE, { concurrent_connections: 1 });
  fixture.db.sabotage("rate_limit_owner");
  assert.throws(
    () => fixture.ownerCaps.put(ALICE, { concurrent_connections: 2 }),
    isError("internal_error"),
  );
  assert.throws(() => fixture.ownerCaps.remove(ALICE), isError("internal_error"));
  assert.deepEqual(fixture.ownerCaps.get(ALICE).limits, { concurrentConnections: 1 });
  edge.session.outbound.close();
  await edge.over;
  assert.deepEqual(edge.capCommands, ["SET alice"]);
});

Deno.test("OwnerCapService.remove() tells the client although there was nothing", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  fixture.ownerCaps.put(ALICE, BODY);
  fixture.ownerCaps.remove(ALICE);
  fixture.ownerCaps.remove(ALICE);
  assert.throws(() => fixture.ownerCaps.get(ALICE), isError("owner_rate_limit_not_found"));
  assert.deepEqual(stored(fixture), []);
  assert.equal(fixture.logger.of("owner_cap.deleted").length, 1);
  edge.session.outbound.close();
  await edge.over;
  assert.deepEqual(edge.capCommands, ["SET alice", "REMOVE alice", "REMOVE alice"]);
  assert.equal(edge.ownerCaps[1]?.rateLimit, undefined);
});

Deno.test("OwnerCapService logs what does not reach a client that is leaving", async () => {
  using fixture = new RuleFixture();
  const { session } = fixture.connect();
  session.outbound.close();
  fixture.ownerCaps.put(ALICE, BODY);
  fixture.ownerCaps.remove(ALICE);
  await fixture.logger.seen("owner_cap.push_failed", 2);
  assert.deepEqual(fixture.logger.of("owner_cap.push_failed").map(({ fields }) => fields), [
    { client_id: "C1", owner_id: "alice", action: "set" },
    { client_id: "C1", owner_id: "alice", action: "remove" },
  ]);
});

Deno.test("OwnerCapService.ownersOf() unites owners of rules and owners of caps, by id", async () => {
  using fixture = new RuleFixture();
  fixture.connect();
  fixture.connect(EDGE_2);
  await fixture.push({ port: 1 });
  await fixture.push({ port: 2 });
  await fixture.push({ port: 1 }, "edge-02");
  fixture.ownerCaps.put({ ...ALICE, ownerId: "Zoë" }, {});
  fixture.ownerCaps.put({ ...ALICE, ownerId: "nobody" }, BODY);
  assert.deepEqual(fixture.ownerCaps.ownersOf("C1"), [
    { ownerId: "Zoë", hasCap: true, ruleCount: 0 },
    { ownerId: "alice", hasCap: false, ruleCount: 2 },
    { ownerId: "nobody", hasCap: true, ruleCount: 0 },
  ]);
  assert.throws(() => fixture.ownerCaps.ownersOf("C9"), isError("client_not_found"));
});

Deno.test("OwnerCapService loads what was stored, and says how much that is", () => {
  using fixture = new RuleFixture();
  fixture.connect();
  fixture.connect(EDGE_2);
  fixture.ownerCaps.put(ALICE, BODY);
  fixture.ownerCaps.put({ ...ALICE, ownerId: "bob" }, {});
  fixture.ownerCaps.put({ ...ALICE, clientId: "C2" }, {});
  const before = fixture.ownerCaps.get(ALICE);
  fixture.restart();
  assert.deepEqual(fixture.ownerCaps.get(ALICE), before);
  assert.deepEqual(fixture.logger.of("owner_cap.hydrated").at(-1)?.fields, {
    owners: 3,
    clients: 2,
  });
});

Deno.test("OwnerCapService refuses to start on caps it cannot read", () => {
  using fixture = new RuleFixture();
  fixture.db.store.db.run(
    `INSERT INTO rate_limit_owner (client_id, owner_id, rl_bandwidth_in_bps, updated_at_unix_ms)
     VALUES ('C1', 'alice', 'much', 1)`,
  );
  assert.throws(() => fixture.loadCaps(), /corruption/);
  assert.equal(fixture.logger.of("owner_cap.hydrate_failed").length, 1);
});

Deno.test("RuleService takes an owner's caps away with the last rule on that client", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  fixture.connect(EDGE_2);
  await fixture.push({ port: 1 });
  await fixture.push({ port: 2 });
  await fixture.push({ port: 1 }, "edge-02");
  fixture.ownerCaps.put(ALICE, BODY);
  fixture.ownerCaps.put({ ...ALICE, clientId: "C2" }, BODY);
  await fixture.rules.remove(0n);
  assert.deepEqual(stored(fixture), ["C1 alice", "C2 alice"]);
  await fixture.rules.remove(1n);
  assert.deepEqual(stored(fixture), ["C2 alice"]);
  assert.throws(() => fixture.ownerCaps.get(ALICE), isError("owner_rate_limit_not_found"));
  assert.deepEqual(fixture.logger.of("owner_cap.gc_swept").map(({ fields }) => fields), [
    { client_id: "C1", owner_id: "alice" },
  ]);
  edge.session.outbound.close();
  await edge.over;
  assert.deepEqual(edge.capCommands, ["SET alice", "REMOVE alice"]);
});

Deno.test("RuleService keeps rule and caps when the store refuses either", async () => {
  using fixture = new RuleFixture();
  fixture.connect();
  await fixture.push();
  fixture.ownerCaps.put(ALICE, BODY);
  fixture.db.sabotage("rate_limit_owner");
  await assert.rejects(fixture.rules.remove(0n), /disk I\/O error/);
  assert.ok(fixture.rules.get(0n));
  assert.deepEqual(fixture.storedStateOf(0n), { kind: "active" });
  assert.deepEqual(fixture.ownerCaps.get(ALICE).limits.concurrentConnections, 3);
  fixture.db.repair();
  await fixture.rules.remove(0n);
  assert.deepEqual(stored(fixture), []);
});

Deno.test("AccessService takes caps away with the rules of a user or a grant", async () => {
  using fixture = new RuleFixture();
  const access = new AccessService({ ...fixture, ...localAccounts(fixture.db.store) });
  fixture.connect();
  await fixture.push();
  fixture.ownerCaps.put(ALICE, BODY);
  const grantId = "01JABCDEFGHJKMNPQRSTVWXYZ0";
  fixture.db.store.db.run(
    `INSERT INTO grants (grant_id, user_id, client, listen_port_start, listen_port_end, protocols,
       created_at) VALUES (?, 'alice', '*', 1, 65535, 3, '2026-01-01T00:00:00+00:00')`,
    grantId,
  );
  await access.revokeGrant("_superadmin", grantId);
  assert.deepEqual(stored(fixture), []);

  await fixture.push();
  fixture.ownerCaps.put(ALICE, BODY);
  await access.removeUser("_superadmin", "alice");
  assert.deepEqual(stored(fixture), []);
});
