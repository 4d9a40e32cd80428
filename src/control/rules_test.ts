import assert from "node:assert/strict";
import { silent } from "../../tests/kit/connected_edge.ts";
import { ruleStatus } from "../../tests/kit/messages.ts";
import { ACK_MS, EDGE, EDGE_2, isError, RuleFixture } from "../../tests/kit/rule_fixture.ts";
import { portRange } from "../core/ports.ts";
import { ActivationOutcome } from "../wire/gen/portunus/v1/portunus_pb.ts";

const { ACTIVATED, FAILED, REMOVED } = ActivationOutcome;

Deno.test("RuleService.push() stores, sends and activates; ids begin at 0", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  const rule = await fixture.push({ port: 1 });
  assert.equal(rule.id, 0n);
  assert.deepEqual(rule.state, { kind: "active" });
  assert.deepEqual(fixture.storedStateOf(0n), { kind: "active" });
  assert.equal((await fixture.push({ port: 2 })).id, 1n);
  assert.deepEqual(edge.commands, ["PUSH 0", "PUSH 1"]);
  assert.equal(edge.updates[0]?.rule?.ownerId, "alice");
  assert.deepEqual(
    fixture.logger.of("audit.rule_push").map(({ fields }) => fields["outcome"]),
    ["sent", "activated", "sent", "activated"],
  );
});

Deno.test("RuleService goes on after the highest stored id after a restart", async () => {
  using fixture = new RuleFixture();
  fixture.connect();
  for (const port of [1, 2, 3]) await fixture.push({ port });
  await fixture.rules.remove(1n);
  fixture.restart();
  fixture.connect();
  assert.deepEqual(fixture.rules.list().map(({ id }) => id), [0n, 2n]);
  assert.equal((await fixture.push({ port: 4 })).id, 3n);
  assert.equal(fixture.logger.of("rules.hydrated").at(-1)?.fields["count"], 2);
});

Deno.test("RuleService never gives a new rule the id of a row that it skipped", async () => {
  using fixture = new RuleFixture();
  fixture.connect();
  for (const port of [1, 2]) await fixture.push({ port });
  fixture.db.store.db.run("UPDATE rules SET client_id = NULL WHERE id = 1");
  fixture.restart();
  fixture.connect();
  assert.deepEqual(fixture.rules.list().map(({ id }) => id), [0n]);
  assert.equal(fixture.logger.of("rules.skipped").at(-1)?.fields["skipped_count"], 1);
  assert.equal((await fixture.push({ port: 3 })).id, 2n);
});

Deno.test("RuleService.push() that fails on the edge keeps the rule as failed, with its reason", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  edge.answer = ({ requestId, rule }) =>
    ruleStatus({ requestId, ruleId: rule?.ruleId ?? 0n, outcome: FAILED, reason: "port_in_use" });
  await assert.rejects(
    fixture.push(),
    isError("activation_failed", "activation_failed: port_in_use"),
  );
  assert.deepEqual(fixture.storedStateOf(0n), { kind: "failed", reason: "port_in_use" });

  edge.answer = ({ rule }) => ruleStatus({ ruleId: rule?.ruleId ?? 0n, outcome: FAILED });
  await assert.rejects(
    fixture.push({ port: 1 }),
    isError("activation_failed", "activation_failed: unspecified"),
  );
  assert.deepEqual(fixture.stateOf(1n), { kind: "failed", reason: "unspecified" });

  edge.answer = ({ requestId }) => ruleStatus({ requestId, outcome: REMOVED });
  await assert.rejects(
    fixture.push({ port: 2 }),
    isError("activation_failed", "activation_failed: unexpected_outcome"),
  );
  assert.deepEqual(fixture.stateOf(2n), { kind: "pending" });
});

Deno.test("RuleService.push() without an answer leaves the rule pending; a late one activates it", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  const id = await fixture.pushUnanswered(edge);
  assert.deepEqual(fixture.storedStateOf(id), { kind: "pending" });
  assert.equal(fixture.logger.of("audit.rule_push").at(-1)?.fields["outcome"], "ack_timeout");

  const requestId = edge.updates[0]?.requestId ?? "";
  fixture.rules.onStatus(edge.session, ruleStatus({ requestId, ruleId: id }));
  assert.deepEqual(fixture.storedStateOf(id), { kind: "active" });
});

Deno.test("RuleService.push() on a session that dies is told so after the full time", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  edge.answer = silent;
  const failed = assert.rejects(fixture.push(), isError("ack_timeout", "ack_timeout"));
  await fixture.logger.seen("audit.rule_push");
  fixture.registry.unregister(edge.session);
  fixture.clock.advance(ACK_MS);
  await failed;
  assert.equal(fixture.logger.of("audit.rule_push").at(-1)?.fields["outcome"], "ack_lost");
  assert.deepEqual(fixture.stateOf(0n), { kind: "pending" });
});

Deno.test("RuleService.push() erases the rule when the session's queue is closed", async () => {
  using fixture = new RuleFixture();
  const { session } = fixture.connect();
  session.outbound.close();
  await assert.rejects(
    fixture.push(),
    isError("client_not_connected", "client_not_connected: edge-01"),
  );
  assert.deepEqual(fixture.rules.list(), []);
  assert.equal(fixture.storedStateOf(0n), undefined);
  assert.equal(fixture.clock.pending, 0);
});

Deno.test("RuleService.push() that cannot be stored is refused and uses up no id", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  fixture.db.sabotage("rules");
  await assert.rejects(
    fixture.push(),
    isError("activation_failed", "activation_failed: persist_rule: conflict"),
  );
  assert.deepEqual(edge.commands, []);
  fixture.db.repair();
  assert.equal((await fixture.push()).id, 0n);
});

Deno.test("RuleService.push() needs a connected, welcomed client of that name", async () => {
  using fixture = new RuleFixture();
  await assert.rejects(
    fixture.push(),
    isError("client_not_connected", "client_not_connected: edge-01"),
  );
  fixture.connect().session.welcomed = false;
  await assert.rejects(fixture.push(), isError("client_not_connected"));
  assert.deepEqual(fixture.rules.list(), []);
});

Deno.test("RuleService.push() checks gates before the connection, and the connection before UDP", async () => {
  using fixture = new RuleFixture();
  const capped = { limits: { bandwidthInBps: 1n } };
  await assert.rejects(
    fixture.push(capped),
    isError(
      "rate_limit_unsupported_by_client",
      "rate_limit_unsupported_by_client: client edge-01 (version unknown) requires >= 0.11.0",
    ),
  );
  await assert.rejects(fixture.push({ sniPattern: "a.b" }), isError("client_not_connected"));
  await assert.rejects(fixture.push({ protocol: "udp" }), isError("client_not_connected"));

  const old = fixture.connect(EDGE, "0.8.9");
  old.session.protocols = new Set(["tcp"]);
  await assert.rejects(
    fixture.push({ sniPattern: "a.b", protocol: "udp" }),
    isError("sni_unsupported_by_client", /\(version 0\.8\.9\) requires >= 0\.9\.0$/),
  );
  await assert.rejects(
    fixture.push({ protocol: "udp" }),
    isError("unsupported_protocol", /client edge-01 does not support protocol udp$/),
  );
  assert.deepEqual(old.commands, []);
});

Deno.test("RuleService.push() checks lengths, then the range cap, then conflicts", async () => {
  using fixture = new RuleFixture();
  fixture.connect();
  await fixture.push({ port: 1_005 });
  const range = (start: number, end: number) => ({ start, end });
  await assert.rejects(
    fixture.push({ listen: range(1_000, 1_020), targetPorts: portRange(1) }),
    isError("range_invalid", "range_invalid: range_length_mismatch: listen_len=21 target_len=1"),
  );
  await assert.rejects(
    fixture.push({ listen: range(1_000, 1_020), targetPorts: range(1, 21) }),
    isError("exceeds_cap", "exceeds_cap: requested=21 cap=10"),
  );
  await assert.rejects(
    fixture.push({ listen: range(1_000, 1_009), targetPorts: range(1, 10) }),
    isError("port_in_use", "port_in_use: port 1005 already in use"),
  );
});

Deno.test("RuleService.push() conflicts with active and failed rules of the same client only", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  const other = fixture.connect(EDGE_2);
  await fixture.pushUnanswered(edge, { port: 1 });
  assert.equal((await fixture.push({ port: 1 })).id, 1n, "a pending rule is not in the way");
  await assert.rejects(fixture.push({ port: 1 }), isError("port_in_use"));
  await fixture.push({ port: 1 }, "edge-02");
  assert.deepEqual(other.commands, ["PUSH 2"]);
  await fixture.push({ port: 1, protocol: "udp" });

  edge.answer = ({ requestId }) => ruleStatus({ requestId, outcome: FAILED, reason: "x" });
  await assert.rejects(fixture.push({ port: 2 }), isError("activation_failed"));
  await assert.rejects(fixture.push({ port: 2 }), isError("port_in_use"));
});

Deno.test("RuleService.remove() erases the rule and sends REMOVE to its client", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  await fixture.push();
  await fixture.rules.remove(0n);
  await fixture.push({ port: 1 });
  assert.deepEqual(edge.commands, ["PUSH 0", "REMOVE 0", "PUSH 1"]);
  assert.equal(fixture.rules.get(0n), undefined);
  assert.equal(fixture.storedStateOf(0n), undefined);
  assert.deepEqual(fixture.removed, [0n]);
  await assert.rejects(fixture.rules.remove(0n), isError("rule_not_found", "rule_not_found"));
});

Deno.test("RuleService.remove() works without a session, and says so when the session just ended", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  await fixture.push({ port: 1 });
  await fixture.push({ port: 2 });
  edge.session.outbound.close();
  await fixture.rules.remove(0n);
  fixture.registry.unregister(edge.session);
  await fixture.rules.remove(1n);
  assert.deepEqual(
    fixture.logger.of("audit.rule_remove").map(({ level, fields }) => [
      level,
      fields["outcome"],
      fields["rule_id"],
    ]),
    [["warn", "client_unreachable", "0"], ["info", "success", "0"], ["info", "success", "1"]],
  );
  assert.deepEqual(fixture.rules.list(), []);
});

Deno.test("RuleService.remove() keeps the rule when the store cannot erase it", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  await fixture.push();
  fixture.db.sabotage("rules");
  await assert.rejects(fixture.rules.remove(0n));
  assert.deepEqual(fixture.stateOf(0n), { kind: "active" });
  assert.deepEqual(edge.commands, ["PUSH 0"]);
  assert.deepEqual(fixture.removed, []);
});

Deno.test("RuleService.onStatus() takes news of a rule from its own client only", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  const other = fixture.connect(EDGE_2);
  await fixture.push();
  fixture.rules.onStatus(other.session, ruleStatus({ requestId: "x", outcome: FAILED }));
  assert.deepEqual(fixture.stateOf(0n), { kind: "active" });
  assert.deepEqual(
    fixture.logger.of("client.rule_status_wrong_client").map(({ fields }) => fields),
    [
      { client_name: "edge-02", request_id: "x", rule_id: 0n, rule_owner: "edge-01" },
    ],
  );

  const reason = "unexpected_task_exit:Demux";
  fixture.rules.onStatus(edge.session, ruleStatus({ outcome: FAILED, reason }));
  assert.deepEqual(fixture.storedStateOf(0n), { kind: "failed", reason });
  fixture.rules.onStatus(edge.session, ruleStatus({ outcome: ACTIVATED }));
  assert.deepEqual(fixture.stateOf(0n), { kind: "active" });
});

Deno.test("RuleService.onStatus() only logs what says nothing about a rule it knows", async () => {
  using fixture = new RuleFixture();
  const { session } = fixture.connect();
  await fixture.push();
  for (const outcome of [REMOVED, ActivationOutcome.ACTIVATION_OUTCOME_UNSPECIFIED]) {
    fixture.rules.onStatus(session, ruleStatus({ requestId: "x", ruleId: 0n, outcome }));
  }
  fixture.rules.onStatus(session, ruleStatus({ requestId: "y", ruleId: 9n }));
  assert.deepEqual(
    fixture.logger.of("client.rule_status_unmatched").map(({ fields }) => fields["rule_id"]),
    [0n, 0n, 9n],
  );
  assert.deepEqual(fixture.stateOf(0n), { kind: "active" });
});

Deno.test("RuleService.onStatus() counts a client's answer even while the store cannot be written", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  const id = await fixture.pushUnanswered(edge);
  fixture.db.sabotage("rules");
  fixture.rules.onStatus(edge.session, ruleStatus({ ruleId: id }));
  assert.deepEqual(fixture.stateOf(id), { kind: "active" });
  assert.equal(fixture.logger.of("operator.store_error").length, 1);
});
