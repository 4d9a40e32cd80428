import assert from "node:assert/strict";
import { ruleStatus } from "../../tests/kit/messages.ts";
import { EDGE, EDGE_2, isError, RuleFixture } from "../../tests/kit/rule_fixture.ts";
import { ActivationOutcome } from "../wire/gen/portunus/v1/portunus_pb.ts";

const { FAILED } = ActivationOutcome;

Deno.test("RuleService.beginReplay() gives the client's active and pending rules, SNI first, all pending", async () => {
  using fixture = new RuleFixture();
  const edge = fixture.connect();
  fixture.connect(EDGE_2);
  const targets = [{ host: "a", port: 1, priority: 0, proxyProtocol: null }];
  await fixture.push({ port: 1 });
  await fixture.pushUnanswered(edge, { port: 2 });
  await fixture.push({ port: 443, sniPattern: "a.example.com", targets });
  await fixture.push({ port: 443 });
  await fixture.push({ port: 1 }, "edge-02");
  edge.answer = ({ requestId }) => ruleStatus({ requestId, outcome: FAILED, reason: "x" });
  await assert.rejects(fixture.push({ port: 3 }), isError("activation_failed"));

  const replay = fixture.rules.beginReplay(fixture.connect().session);
  assert.deepEqual(replay.map(({ id }) => id), [2n, 0n, 1n, 3n]);
  for (const { id } of replay) assert.deepEqual(fixture.storedStateOf(id), { kind: "pending" });
  assert.deepEqual(fixture.stateOf(4n), { kind: "active" }, "another client's rule is untouched");
  assert.deepEqual(fixture.stateOf(5n), { kind: "failed", reason: "x" });
});

Deno.test("RuleService.beginReplay() fails what the client is too old for, with the gate's code", async () => {
  using fixture = new RuleFixture();
  fixture.connect();
  await fixture.push({ port: 1, limits: { bandwidthInBps: 1n } });
  await fixture.push({ port: 2, protocol: "udp" });
  await fixture.push({ port: 3 });
  const old = fixture.connect(EDGE, null);
  old.session.protocols = new Set(["tcp"]);
  const replay = fixture.rules.beginReplay(old.session);
  assert.deepEqual(replay.map(({ id }) => id), [2n]);
  const reasons = [0n, 1n].map((id) => fixture.storedStateOf(id));
  assert.deepEqual(reasons, [
    { kind: "failed", reason: "rate_limit_unsupported_by_client" },
    { kind: "failed", reason: "unsupported_protocol" },
  ]);
});

Deno.test("RuleService.beginReplay() replays although the store cannot be written", async () => {
  using fixture = new RuleFixture();
  fixture.connect();
  await fixture.push({ port: 1 });
  const edge = fixture.connect();
  fixture.db.store.db.exec("PRAGMA query_only = ON");
  const replay = fixture.rules.beginReplay(edge.session);
  assert.deepEqual(replay.map(({ id }) => id), [0n]);
  assert.deepEqual(fixture.stateOf(0n), { kind: "pending" });
  assert.ok(fixture.logger.of("operator.store_error").length > 0);
});

Deno.test("RuleService.sendReplay() marks its requests and leaves out what was removed meanwhile", async () => {
  using fixture = new RuleFixture();
  fixture.connect();
  for (const port of [1, 2, 3]) await fixture.push({ port });
  const edge = fixture.connect();
  const replay = fixture.rules.beginReplay(edge.session);
  await fixture.rules.remove(1n);
  assert.equal(await fixture.rules.sendReplay(edge.session, replay), true);
  edge.session.outbound.close();
  await edge.over;
  assert.deepEqual(edge.commands, ["REMOVE 1", "PUSH 0", "PUSH 2"]);
  for (const { requestId } of edge.updates.slice(1)) assert.match(requestId, /^replay-R\d+$/);
  assert.deepEqual(fixture.storedStateOf(0n), { kind: "active" }, "the answer came unsolicited");
});

Deno.test("RuleService.sendReplay() gives up when the session is over", async () => {
  using fixture = new RuleFixture();
  fixture.connect();
  await fixture.push();
  const { session } = fixture.connect();
  const replay = fixture.rules.beginReplay(session);
  session.cancel();
  assert.equal(await fixture.rules.sendReplay(session, replay), false);
});
