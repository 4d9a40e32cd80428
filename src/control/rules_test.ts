import assert from "node:assert/strict";
import { ConnectedEdge, silent } from "../../tests/kit/connected_edge.ts";
import { ruleStatus } from "../../tests/kit/messages.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { ruleInput } from "../../tests/kit/rules.ts";
import { TemporaryStore } from "../../tests/kit/temporary_store.ts";
import { PortunusError } from "../core/errors.ts";
import { portRange } from "../core/ports.ts";
import { RuleRepository, type StoredRule } from "../store/rules.ts";
import { ActivationOutcome } from "../wire/gen/portunus/v1/portunus_pb.ts";
import { SessionRegistry } from "./registry.ts";
import { RuleService } from "./rules.ts";

const { ACTIVATED, FAILED, REMOVED } = ActivationOutcome;
const EDGE = { clientId: "C1", clientName: "edge-01" };
const ACK_MS = 2_000;

/** The service on a real store, with one connected edge unless told otherwise. */
class Fixture implements Disposable {
  readonly db = new TemporaryStore();
  readonly clock = this.db.clock;
  readonly logger = new RecordingLogger();
  readonly registry = new SessionRegistry(this.clock);
  readonly removed: bigint[] = [];
  #requests = 0;
  rules: RuleService;

  constructor() {
    this.db.addUser({ userId: "alice", role: "user" });
    for (const client of [EDGE, { clientId: "C2", clientName: "edge-02" }]) {
      this.db.addClient(client);
    }
    this.rules = this.load();
  }

  load(): RuleService {
    return new RuleService({
      rules: new RuleRepository(this.db.store),
      registry: this.registry,
      clock: this.clock,
      logger: this.logger,
      newId: () => `R${this.#requests++}`,
      rangeMaxPorts: 10,
      onRemoved: ({ id }) => this.removed.push(id),
    });
  }

  restart(): void {
    this.db.reopen();
    this.rules = this.load();
  }

  connect(identity = EDGE, version: string | null = "3.1.0"): ConnectedEdge {
    return new ConnectedEdge(this.registry, this.rules, identity, version);
  }

  push(draft: Parameters<typeof ruleInput>[0] = {}, clientName = "edge-01"): Promise<StoredRule> {
    return this.rules.push(ruleInput(draft, clientName), "alice", ACK_MS);
  }

  /** Pushes a rule whose edge stays silent until the time is up. */
  async pushUnanswered(
    edge: ConnectedEdge,
    draft: Parameters<typeof ruleInput>[0] = {},
  ): Promise<bigint> {
    const answer = edge.answer;
    edge.answer = silent;
    const failed = assert.rejects(this.push(draft), is("ack_timeout"));
    const sent = this.logger.of("audit.rule_push").length + 1;
    await this.logger.seen("audit.rule_push", sent);
    this.clock.advance(ACK_MS);
    await failed;
    edge.answer = answer;
    return BigInt(String(this.logger.of("audit.rule_push")[sent - 1]?.fields["rule_id"]));
  }

  stateOf(id: bigint) {
    return this.rules.get(id)?.state;
  }

  /** The state in the store, which must be that in memory. */
  storedStateOf(id: bigint) {
    return new RuleRepository(this.db.store).loadAll().rules.find((it) => it.id === id)?.state;
  }

  [Symbol.dispose](): void {
    this.registry.disconnectAll();
    this.db[Symbol.dispose]();
  }
}

const is = (code: string, message?: string | RegExp) => (error: unknown) => {
  assert.ok(error instanceof PortunusError, `${error}`);
  assert.equal(error.code, code);
  if (typeof message === "string") assert.equal(error.message, message);
  if (message instanceof RegExp) assert.match(error.message, message);
  return true;
};

Deno.test("RuleService.push() stores, sends and activates; ids begin at 0", async () => {
  using fixture = new Fixture();
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
  using fixture = new Fixture();
  fixture.connect();
  for (const port of [1, 2, 3]) await fixture.push({ port });
  await fixture.rules.remove(1n);
  fixture.restart();
  fixture.connect();
  assert.deepEqual(fixture.rules.list().map(({ id }) => id), [0n, 2n]);
  assert.equal((await fixture.push({ port: 4 })).id, 3n);
  assert.equal(fixture.logger.of("rules.hydrated").at(-1)?.fields["count"], 2);
});

Deno.test("RuleService.push() that fails on the edge keeps the rule as failed, with its reason", async () => {
  using fixture = new Fixture();
  const edge = fixture.connect();
  edge.answer = ({ requestId, rule }) =>
    ruleStatus({ requestId, ruleId: rule?.ruleId ?? 0n, outcome: FAILED, reason: "port_in_use" });
  await assert.rejects(fixture.push(), is("activation_failed", "activation_failed: port_in_use"));
  assert.deepEqual(fixture.storedStateOf(0n), { kind: "failed", reason: "port_in_use" });

  edge.answer = ({ rule }) => ruleStatus({ ruleId: rule?.ruleId ?? 0n, outcome: FAILED });
  await assert.rejects(
    fixture.push({ port: 1 }),
    is("activation_failed", "activation_failed: unspecified"),
  );
  assert.deepEqual(fixture.stateOf(1n), { kind: "failed", reason: "unspecified" });

  edge.answer = ({ requestId }) => ruleStatus({ requestId, outcome: REMOVED });
  await assert.rejects(
    fixture.push({ port: 2 }),
    is("activation_failed", "activation_failed: unexpected_outcome"),
  );
  assert.deepEqual(fixture.stateOf(2n), { kind: "pending" });
});

Deno.test("RuleService.push() without an answer leaves the rule pending; a late one activates it", async () => {
  using fixture = new Fixture();
  const edge = fixture.connect();
  const id = await fixture.pushUnanswered(edge);
  assert.deepEqual(fixture.storedStateOf(id), { kind: "pending" });
  assert.equal(fixture.logger.of("audit.rule_push").at(-1)?.fields["outcome"], "ack_timeout");

  const requestId = edge.updates[0]?.requestId ?? "";
  fixture.rules.onStatus(edge.session, ruleStatus({ requestId, ruleId: id }));
  assert.deepEqual(fixture.storedStateOf(id), { kind: "active" });
});

Deno.test("RuleService.push() on a session that dies is told so after the full time", async () => {
  using fixture = new Fixture();
  const edge = fixture.connect();
  edge.answer = silent;
  const failed = assert.rejects(fixture.push(), is("ack_timeout", "ack_timeout"));
  await fixture.logger.seen("audit.rule_push");
  fixture.registry.unregister(edge.session);
  fixture.clock.advance(ACK_MS);
  await failed;
  assert.equal(fixture.logger.of("audit.rule_push").at(-1)?.fields["outcome"], "ack_lost");
  assert.deepEqual(fixture.stateOf(0n), { kind: "pending" });
});

Deno.test("RuleService.push() erases the rule when the session's queue is closed", async () => {
  using fixture = new Fixture();
  const { session } = fixture.connect();
  session.outbound.close();
  await assert.rejects(fixture.push(), is("client_not_connected", "client_not_connected: edge-01"));
  assert.deepEqual(fixture.rules.list(), []);
  assert.equal(fixture.storedStateOf(0n), undefined);
  assert.equal(fixture.clock.pending, 0);
});

Deno.test("RuleService.push() that cannot be stored is refused and uses up no id", async () => {
  using fixture = new Fixture();
  const edge = fixture.connect();
  fixture.db.sabotage("rules");
  await assert.rejects(
    fixture.push(),
    is("activation_failed", /^activation_failed: persist_rule: .*disk I\/O error/),
  );
  assert.deepEqual(edge.commands, []);
  fixture.db.repair();
  assert.equal((await fixture.push()).id, 0n);
});

Deno.test("RuleService.push() needs a connected, welcomed client of that name", async () => {
  using fixture = new Fixture();
  await assert.rejects(fixture.push(), is("client_not_connected", "client_not_connected: edge-01"));
  fixture.connect().session.welcomed = false;
  await assert.rejects(fixture.push(), is("client_not_connected"));
  assert.deepEqual(fixture.rules.list(), []);
});

Deno.test("RuleService.push() checks gates before the connection, and the connection before UDP", async () => {
  using fixture = new Fixture();
  const capped = { limits: { bandwidthInBps: 1n } };
  await assert.rejects(
    fixture.push(capped),
    is(
      "rate_limit_unsupported_by_client",
      "rate_limit_unsupported_by_client: client edge-01 (version unknown) requires >= 0.11.0",
    ),
  );
  await assert.rejects(fixture.push({ sniPattern: "a.b" }), is("client_not_connected"));
  await assert.rejects(fixture.push({ protocol: "udp" }), is("client_not_connected"));

  const old = fixture.connect(EDGE, "0.8.9");
  old.session.protocols = new Set(["tcp"]);
  await assert.rejects(
    fixture.push({ sniPattern: "a.b", protocol: "udp" }),
    is("sni_unsupported_by_client", /\(version 0\.8\.9\) requires >= 0\.9\.0$/),
  );
  await assert.rejects(
    fixture.push({ protocol: "udp" }),
    is("unsupported_protocol", /client edge-01 does not support protocol udp$/),
  );
  assert.deepEqual(old.commands, []);
});

Deno.test("RuleService.push() checks lengths, then the range cap, then conflicts", async () => {
  using fixture = new Fixture();
  fixture.connect();
  await fixture.push({ port: 1_005 });
  const range = (start: number, end: number) => ({ start, end });
  await assert.rejects(
    fixture.push({ listen: range(1_000, 1_020), targetPorts: portRange(1) }),
    is("range_invalid", "range_invalid: range_length_mismatch: listen_len=21 target_len=1"),
  );
  await assert.rejects(
    fixture.push({ listen: range(1_000, 1_020), targetPorts: range(1, 21) }),
    is("exceeds_cap", "exceeds_cap: requested=21 cap=10"),
  );
  await assert.rejects(
    fixture.push({ listen: range(1_000, 1_009), targetPorts: range(1, 10) }),
    is("port_in_use", "port_in_use: port 1005 already in use"),
  );
});

Deno.test("RuleService.push() conflicts with active and failed rules of the same client only", async () => {
  using fixture = new Fixture();
  const edge = fixture.connect();
  const other = fixture.connect({ clientId: "C2", clientName: "edge-02" });
  await fixture.pushUnanswered(edge, { port: 1 });
  assert.equal((await fixture.push({ port: 1 })).id, 1n, "a pending rule is not in the way");
  await assert.rejects(fixture.push({ port: 1 }), is("port_in_use"));
  await fixture.push({ port: 1 }, "edge-02");
  assert.deepEqual(other.commands, ["PUSH 2"]);
  await fixture.push({ port: 1, protocol: "udp" });

  edge.answer = ({ requestId }) => ruleStatus({ requestId, outcome: FAILED, reason: "x" });
  await assert.rejects(fixture.push({ port: 2 }), is("activation_failed"));
  await assert.rejects(fixture.push({ port: 2 }), is("port_in_use"));
});

Deno.test("RuleService.remove() erases the rule and sends REMOVE to its client", async () => {
  using fixture = new Fixture();
  const edge = fixture.connect();
  await fixture.push();
  await fixture.rules.remove(0n);
  await fixture.push({ port: 1 });
  assert.deepEqual(edge.commands, ["PUSH 0", "REMOVE 0", "PUSH 1"]);
  assert.equal(fixture.rules.get(0n), undefined);
  assert.equal(fixture.storedStateOf(0n), undefined);
  assert.deepEqual(fixture.removed, [0n]);
  await assert.rejects(fixture.rules.remove(0n), is("rule_not_found", "rule_not_found"));
});

Deno.test("RuleService.remove() works without a session, and says so when the session just ended", async () => {
  using fixture = new Fixture();
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
  using fixture = new Fixture();
  const edge = fixture.connect();
  await fixture.push();
  fixture.db.sabotage("rules");
  await assert.rejects(fixture.rules.remove(0n));
  assert.deepEqual(fixture.stateOf(0n), { kind: "active" });
  assert.deepEqual(edge.commands, ["PUSH 0"]);
  assert.deepEqual(fixture.removed, []);
});

Deno.test("RuleService.onStatus() takes news of a rule from its own client only", async () => {
  using fixture = new Fixture();
  const edge = fixture.connect();
  const other = fixture.connect({ clientId: "C2", clientName: "edge-02" });
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
  using fixture = new Fixture();
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
  using fixture = new Fixture();
  const edge = fixture.connect();
  const id = await fixture.pushUnanswered(edge);
  fixture.db.sabotage("rules");
  fixture.rules.onStatus(edge.session, ruleStatus({ ruleId: id }));
  assert.deepEqual(fixture.stateOf(id), { kind: "active" });
  assert.equal(fixture.logger.of("operator.store_error").length, 1);
});

Deno.test("RuleService.beginReplay() gives the client's active and pending rules, SNI first, all pending", async () => {
  using fixture = new Fixture();
  const edge = fixture.connect();
  fixture.connect({ clientId: "C2", clientName: "edge-02" });
  const targets = [{ host: "a", port: 1, priority: 0, proxyProtocol: null }];
  await fixture.push({ port: 1 });
  await fixture.pushUnanswered(edge, { port: 2 });
  await fixture.push({ port: 443, sniPattern: "a.example.com", targets });
  await fixture.push({ port: 443 });
  await fixture.push({ port: 1 }, "edge-02");
  edge.answer = ({ requestId }) => ruleStatus({ requestId, outcome: FAILED, reason: "x" });
  await assert.rejects(fixture.push({ port: 3 }), is("activation_failed"));

  const replay = fixture.rules.beginReplay(fixture.connect().session);
  assert.deepEqual(replay.map(({ id }) => id), [2n, 0n, 1n, 3n]);
  for (const { id } of replay) assert.deepEqual(fixture.storedStateOf(id), { kind: "pending" });
  assert.deepEqual(fixture.stateOf(4n), { kind: "active" }, "another client's rule is untouched");
  assert.deepEqual(fixture.stateOf(5n), { kind: "failed", reason: "x" });
});

Deno.test("RuleService.beginReplay() fails what the client is too old for, with the gate's code", async () => {
  using fixture = new Fixture();
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
  using fixture = new Fixture();
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
  using fixture = new Fixture();
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
  using fixture = new Fixture();
  fixture.connect();
  await fixture.push();
  const { session } = fixture.connect();
  const replay = fixture.rules.beginReplay(session);
  session.cancel();
  assert.equal(await fixture.rules.sendReplay(session, replay), false);
});
