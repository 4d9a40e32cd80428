import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { tcpRule } from "../../tests/forward/rules.ts";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { FakeForwarder } from "../../tests/kit/fake_forwarder.ts";
import { FakeClientStream } from "../../tests/kit/fake_streams.ts";
import { ruleUpdate, serverMessage, statusText, welcome } from "../../tests/kit/messages.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { turn } from "../../tests/kit/turn.ts";
import {
  type ClientMessage,
  OwnerRateLimitAction,
  Protocol,
  RuleAction,
  ServerMessageSchema,
  TrafficQuotaAction,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { WireError } from "../wire/streams.ts";
import { runSession } from "./control_session.ts";
import { RuleTable } from "./rule_table.ts";

const rule = (id: bigint, target = 80) => tcpRule({ id, listen: 1_000 + Number(id), target });
const announce = (rules: number | string) => ({ "portunus-replay-rules": `${rules}` });

class Fixture {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly forwarder = new FakeForwarder();
  readonly stopping = new AbortController();
  readonly stream: FakeClientStream;
  readonly table = new RuleTable({
    forwarder: this.forwarder,
    drainMs: 30_000,
    logger: this.logger,
  });
  connected = 0;

  constructor(headers: Readonly<Record<string, string>> = announce(0)) {
    this.stream = new FakeClientStream(headers);
  }

  run(): Promise<void> {
    return runSession({
      stream: this.stream,
      table: this.table,
      clock: this.clock,
      logger: this.logger,
      statsIntervalMs: 5_000,
      onConnected: () => this.connected += 1,
      stop: this.stopping.signal,
    });
  }

  /** Starts a session that is greeted; its Hello is read already. */
  async connect(): Promise<{ readonly done: Promise<void> }> {
    const done = this.run();
    this.stream.receive(welcome());
    assert.equal((await this.stream.sent.next())?.payload.case, "hello");
    await turn();
    return { done };
  }

  /** Rules that run before the session, as after a lost connection. */
  async seed(...ids: readonly bigint[]): Promise<void> {
    for (const id of ids) await this.table.push(`p${id}`, rule(id), "command");
    this.forwarder.calls.length = 0;
  }

  async end(done: Promise<void>): Promise<void> {
    this.stream.end();
    await done;
    assert.equal(this.clock.pending, 0, "no timer outlives the session");
  }
}

const fails = (message: string) => (error: unknown) =>
  error instanceof WireError && error.message === message;

Deno.test("runSession() bounds UDP flows as Welcome says, and by the defaults where it is silent", async () => {
  for (
    const [flows, idleSecs, expected] of [
      [7, 30, { flowsMax: 7, idleMs: 30_000 }],
      [0, 0, { flowsMax: 1_024, idleMs: 60_000 }],
    ] as const
  ) {
    const fixture = new Fixture();
    const done = fixture.run();
    fixture.stream.receive(welcome({ udpMaxFlowsPerRule: flows, udpFlowIdleSecs: idleSecs }));
    await fixture.stream.sent.next();
    await turn();
    assert.deepEqual(fixture.forwarder.udp, expected);
    fixture.stream.end();
    await done;
  }
});

Deno.test("runSession() sends Hello first, without waiting for headers", async () => {
  const fixture = new Fixture();
  const done = fixture.run();
  const { payload } = await fixture.stream.sent.next() as ClientMessage;
  assert.equal(payload.case, "hello");
  assert.deepEqual({ ...payload.value as object }, {
    $typeName: "portunus.v1.Hello",
    protocolVersion: "1.0.0",
    clientVersion: "3.2.0",
    supportedProtocols: [Protocol.TCP, Protocol.UDP],
  });
  assert.equal(fixture.connected, 0);
  fixture.stream.receive(welcome());
  await turn();
  assert.equal(fixture.connected, 1);
  assert.deepEqual(fixture.logger.of("control.connected").map(({ fields }) => fields), [
    { server_version: "3.1.0", udp_flow_idle_secs: 60, udp_max_flows_per_rule: 0 },
  ]);
  await fixture.end(done);
});

Deno.test("runSession() fails when the server does not begin with Welcome, and cancels the stream", async () => {
  const wrong = new Fixture();
  wrong.stream.receive(ruleUpdate("a", rule(1n)));
  await assert.rejects(wrong.run(), fails("welcome_missing"));
  assert.equal(wrong.stream.cancelled, true);

  const ended = new Fixture();
  ended.stream.end();
  await assert.rejects(ended.run(), fails("welcome_missing"));

  const refused = new Fixture();
  refused.stream.end(new WireError("token_revoked"));
  await assert.rejects(refused.run(), fails("token_revoked"));
  for (const { connected, clock } of [wrong, ended, refused]) {
    assert.deepEqual([connected, clock.pending], [0, 0]);
  }
});

Deno.test("runSession() gives the server 10 seconds for Welcome", async () => {
  const fixture = new Fixture();
  const done = assert.rejects(fixture.run(), fails("transport: no Welcome within 10 s"));
  await turn();
  fixture.clock.advance(9_999);
  await turn();
  assert.equal(fixture.stream.cancelled, false);
  fixture.clock.advance(1);
  await done;
  assert.equal(fixture.stream.cancelled, true);
});

Deno.test("runSession() applies updates in order and reports each with its request id", async () => {
  const fixture = new Fixture();
  const { stream, forwarder } = fixture;
  const { done } = await fixture.connect();
  forwarder.failures.set(2n, "port_in_use");
  stream.receive(
    ruleUpdate("a", rule(1n)),
    ruleUpdate("b", rule(2n)),
    ruleUpdate("c", rule(1n), RuleAction.REMOVE),
    ruleUpdate("d", rule(9n), RuleAction.REMOVE),
    ruleUpdate("e", rule(3n)),
  );
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push(statusText(await stream.sent.next()));
  assert.deepEqual(statuses, [
    "a 1 ACTIVATED",
    "b 2 FAILED port_in_use",
    "c 1 REMOVED",
    "e 3 ACTIVATED",
  ]);
  await fixture.end(done);
  assert.deepEqual([...forwarder.running.keys()], [3n], "a lost session stops nothing");
});

Deno.test("runSession() refuses rules it cannot read, echoing the request id", async () => {
  const fixture = new Fixture();
  const { stream, logger } = fixture;
  const { done } = await fixture.connect();
  const target = { targetHost: "127.0.0.1", targetPort: 1 };
  stream.receive(
    serverMessage({ requestId: "a", action: RuleAction.PUSH, rule: { ruleId: 1n, ...target } }),
    serverMessage({
      requestId: "b",
      action: RuleAction.PUSH,
      rule: { ruleId: 2n, listenPort: 1, ...target, targetHost: "::1" },
    }),
  );
  assert.equal(statusText(await stream.sent.next()), "a 1 FAILED range_invalid");
  assert.equal(statusText(await stream.sent.next()), "b 2 FAILED invalid_target_host");
  assert.equal(logger.of("control.rule_push_invalid_range")[0]?.fields["request_id"], "a");
  assert.equal(logger.of("control.rule_push_invalid_target")[0]?.fields["rule_id"], "2");
  await fixture.end(done);
});

Deno.test("runSession() only logs updates without a rule or with an action it does not know", async () => {
  const fixture = new Fixture();
  const { stream, logger } = fixture;
  const { done } = await fixture.connect();
  stream.receive(
    serverMessage({ requestId: "a", action: RuleAction.PUSH }),
    serverMessage({ requestId: "b", action: 9 as RuleAction, rule: { ruleId: 2n } }),
    serverMessage({ requestId: "c", rule: { ruleId: 3n } }),
    create(ServerMessageSchema),
    welcome(),
    ruleUpdate("z", rule(1n)),
  );
  assert.equal(statusText(await stream.sent.next()), "z 1 ACTIVATED");
  assert.equal(logger.of("control.rule_update_missing_rule")[0]?.fields["request_id"], "a");
  assert.deepEqual(
    logger.of("control.rule_update_unspecified_action").map(({ fields }) => fields["request_id"]),
    ["b", "c"],
  );
  await fixture.end(done);
});

Deno.test("runSession() ends the replay when as many rules came as were announced", async () => {
  const fixture = new Fixture(announce(2));
  const { stream, forwarder } = fixture;
  await fixture.seed(1n, 2n, 3n);
  const { done } = await fixture.connect();
  stream.receive(ruleUpdate("replay-a", rule(1n)), ruleUpdate("command", rule(5n)));
  await turn();
  assert.deepEqual(forwarder.calls, ["limits 1", "open 5"], "a command does not count");
  stream.receive(ruleUpdate("replay-b", rule(2n, 99)));
  await turn();
  assert.deepEqual(forwarder.calls.slice(2), ["close 2", "open 2", "close 3"]);
  await fixture.end(done);
});

Deno.test("runSession() ends an announced replay of nothing at once", async () => {
  const fixture = new Fixture(announce(0));
  await fixture.seed(1n);
  const { done } = await fixture.connect();
  assert.deepEqual(fixture.forwarder.calls, ["close 1"]);
  await fixture.end(done);
});

Deno.test("runSession() ends a replay of unknown length after 5 quiet seconds", async () => {
  for (const headers of [{}, announce("many"), announce(7)]) {
    const fixture = new Fixture(headers);
    const { stream, forwarder, clock } = fixture;
    await fixture.seed(1n, 2n);
    const { done } = await fixture.connect();
    clock.advance(4_999);
    stream.receive(ruleUpdate("replay-a", rule(1n)));
    await turn();
    clock.advance(4_999);
    await turn();
    assert.deepEqual([...forwarder.running.keys()], [1n, 2n]);
    clock.advance(1);
    await turn();
    assert.deepEqual([...forwarder.running.keys()], [1n]);
    await fixture.end(done);
  }
});

/** What the server says of an owner, in the replay or out of it. */
const capsOf = (ownerId: string) =>
  create(ServerMessageSchema, {
    payload: {
      case: "ownerRateLimitUpdate",
      value: { ownerId, rateLimit: { concurrentConnections: 1 }, action: OwnerRateLimitAction.SET },
    },
  });
const quotaOf = (userId: string) =>
  create(ServerMessageSchema, {
    payload: {
      case: "trafficQuotaUpdate",
      value: { userId, action: TrafficQuotaAction.SET, state: { budgetRemainingBytes: 5n } },
    },
  });

/** A session of somebody who knows two owners with caps and quotas. */
async function metered(headers: Readonly<Record<string, string>>) {
  const fixture = new Fixture(headers);
  for (const owner of ["alice", "bob"]) {
    fixture.table.owners.setCaps(owner, { concurrentConnections: 1 });
    fixture.table.owners.setQuota(owner, { remainingBytes: 5n, exhausted: false });
  }
  const { done } = await fixture.connect();
  const known = () => ({
    caps: fixture.table.owners.caps.map(({ ownerId }) => ownerId),
    quotas: fixture.table.owners.quotas.map(({ ownerId }) => ownerId),
  });
  return { fixture, done, known };
}

Deno.test("runSession() ends quotas with the first replayed rule, and caps after a pause", async () => {
  const { fixture, done, known } = await metered(announce(2));
  const { stream, clock } = fixture;
  stream.receive(quotaOf("bob"), ruleUpdate("command", rule(9n)));
  await turn();
  assert.deepEqual(known().quotas, ["alice", "bob"], "a command says nothing of the replay");
  stream.receive(ruleUpdate("replay-a", rule(1n)));
  await turn();
  assert.deepEqual(known(), { caps: ["alice", "bob"], quotas: ["bob"] });
  stream.receive(ruleUpdate("replay-b", rule(2n)), capsOf("bob"));
  await turn();
  clock.advance(4_999);
  assert.deepEqual(known().caps, ["alice", "bob"]);
  clock.advance(1);
  assert.deepEqual(known(), { caps: ["bob"], quotas: ["bob"] });
  stream.receive(ruleUpdate("replay-late", rule(3n)), capsOf("carol"), quotaOf("carol"));
  await turn();
  clock.advance(60_000);
  assert.deepEqual(known(), { caps: ["bob", "carol"], quotas: ["bob", "carol"] });
  await fixture.end(done);
});

Deno.test("runSession() ends quotas and caps of a replay without rules after a pause", async () => {
  const { fixture, done, known } = await metered(announce(0));
  fixture.clock.advance(4_999);
  fixture.stream.receive(quotaOf("bob"));
  await turn();
  fixture.clock.advance(4_999);
  assert.deepEqual(known(), { caps: ["alice", "bob"], quotas: ["alice", "bob"] });
  fixture.clock.advance(1);
  assert.deepEqual(known(), { caps: [], quotas: ["bob"] });
  await fixture.end(done);
});

Deno.test("runSession() with a 3.1.0 server keeps quotas, which that one does not replay", async () => {
  const { fixture, done, known } = await metered({});
  fixture.stream.receive(ruleUpdate("replay-a", rule(1n)), capsOf("alice"));
  await turn();
  fixture.clock.advance(5_000);
  assert.deepEqual(known(), { caps: ["alice"], quotas: ["alice", "bob"] });
  await fixture.end(done);
});

Deno.test("runSession() that ends during the replay lifts nothing", async () => {
  const { fixture, done, known } = await metered(announce(1));
  await fixture.end(done);
  fixture.clock.advance(60_000);
  assert.deepEqual(known(), { caps: ["alice", "bob"], quotas: ["alice", "bob"] });
});

Deno.test("runSession() that ends during the replay stops nothing", async () => {
  const fixture = new Fixture(announce(2));
  await fixture.seed(1n, 2n);
  const { done } = await fixture.connect();
  await fixture.end(done);
  fixture.clock.advance(60_000);
  assert.deepEqual(fixture.forwarder.calls, []);
});

Deno.test("runSession() reports counters every interval while there are rules", async () => {
  const fixture = new Fixture();
  const { stream, clock } = fixture;
  const { done } = await fixture.connect();
  clock.advance(5_000);
  await turn();
  assert.equal(stream.sent.all.length, 1, "nothing but Hello without rules");
  stream.receive(ruleUpdate("a", rule(1n)));
  await stream.sent.next();
  clock.advance(4_999);
  await turn();
  assert.equal(stream.sent.all.length, 2);
  for (const now of [10_000, 15_000]) {
    clock.advance(now === 10_000 ? 1 : 5_000);
    const message = await stream.sent.next();
    assert.equal(message?.payload.case, "statsReport");
    const { sentAtUnixMs, stats } = message.payload.value as Extract<
      ClientMessage["payload"],
      { case: "statsReport" }
    >["value"];
    assert.equal(sentAtUnixMs, BigInt(clock.now()));
    assert.deepEqual(stats.map(({ ruleId, bytesIn }) => [ruleId, bytesIn]), [[1n, 2n ** 60n]]);
    await turn();
  }
  await fixture.end(done);
});

Deno.test("runSession() on stop removes every rule and drains before it ends the stream", async () => {
  const fixture = new Fixture();
  const { stream, forwarder } = fixture;
  const { done } = await fixture.connect();
  stream.receive(ruleUpdate("a", rule(1n)), ruleUpdate("b", rule(2n)));
  for (let i = 0; i < 2; i++) await stream.sent.next();
  forwarder.holdDrains();
  fixture.stopping.abort();
  assert.equal(statusText(await stream.sent.next()), "a 1 REMOVED");
  assert.equal(statusText(await stream.sent.next()), "b 2 REMOVED");
  await turn();
  assert.equal(stream.closed, false);
  forwarder.drained();
  await done;
  assert.equal(stream.closed, true);
  assert.equal(fixture.clock.pending, 0);
});

Deno.test("runSession() does not wait for ever for a server to end the stream", async () => {
  const fixture = new Fixture();
  fixture.stream.stubborn = true;
  const { done } = await fixture.connect();
  fixture.stopping.abort();
  await turn();
  assert.deepEqual([fixture.stream.closed, fixture.stream.cancelled], [true, false]);
  fixture.clock.advance(2_000);
  await done;
});

Deno.test("runSession() stops although the server has stopped reading", async () => {
  const fixture = new Fixture();
  const { stream, forwarder, clock } = fixture;
  const { done } = await fixture.connect();
  const ids = Array.from({ length: 40 }, (_, i) => BigInt(i));
  for (const id of ids) {
    stream.receive(ruleUpdate("a", rule(id)));
    await stream.sent.next();
  }
  stream.sent.stall();
  fixture.stopping.abort();
  await turn();
  assert.equal(forwarder.running.size, 0);
  clock.advance(31_999);
  await turn();
  assert.equal(stream.cancelled, false);
  clock.advance(1);
  await done;
  await turn();
  assert.equal(clock.pending, 0);
});

Deno.test("runSession() that was told to stop before Welcome came drains right after it", async () => {
  const fixture = new Fixture();
  await fixture.seed(1n);
  const done = fixture.run();
  fixture.stopping.abort();
  fixture.stream.receive(welcome());
  await done;
  assert.deepEqual(fixture.forwarder.calls, ["close 1"]);
  assert.equal(fixture.stream.closed, true);
});
