import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { ruleUpdate, serverMessage, statusText, welcome } from "../../tests/kit/messages.ts";
import { SessionFixture, sessionRule as rule } from "../../tests/kit/session_fixture.ts";
import { turn } from "../../tests/kit/turn.ts";
import {
  type ClientMessage,
  Protocol,
  RuleAction,
  ServerMessageSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { WireError } from "../wire/streams.ts";

const fails = (message: string) => (error: unknown) =>
  error instanceof WireError && error.message === message;

Deno.test("runSession() bounds UDP flows as Welcome says, and by the defaults where it is silent", async () => {
  for (
    const [flows, idleSecs, expected] of [
      [7, 30, { flowsMax: 7, idleMs: 30_000 }],
      [0, 0, { flowsMax: 1_024, idleMs: 60_000 }],
    ] as const
  ) {
    const fixture = new SessionFixture();
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
  const fixture = new SessionFixture();
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
  const wrong = new SessionFixture();
  wrong.stream.receive(ruleUpdate("a", rule(1n)));
  await assert.rejects(wrong.run(), fails("welcome_missing"));
  assert.equal(wrong.stream.cancelled, true);

  const ended = new SessionFixture();
  ended.stream.end();
  await assert.rejects(ended.run(), fails("welcome_missing"));

  const refused = new SessionFixture();
  refused.stream.end(new WireError("token_revoked"));
  await assert.rejects(refused.run(), fails("token_revoked"));
  for (const { connected, clock } of [wrong, ended, refused]) {
    assert.deepEqual([connected, clock.pending], [0, 0]);
  }
});

Deno.test("runSession() gives the server 10 seconds for Welcome", async () => {
  const fixture = new SessionFixture();
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
  const fixture = new SessionFixture();
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
  const fixture = new SessionFixture();
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
  const fixture = new SessionFixture();
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

Deno.test("runSession() reports counters every interval while there are rules", async () => {
  const fixture = new SessionFixture();
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
  const fixture = new SessionFixture();
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
  const fixture = new SessionFixture();
  fixture.stream.stubborn = true;
  const { done } = await fixture.connect();
  fixture.stopping.abort();
  await turn();
  assert.deepEqual([fixture.stream.closed, fixture.stream.cancelled], [true, false]);
  fixture.clock.advance(2_000);
  await done;
});

Deno.test("runSession() stops although the server has stopped reading", async () => {
  const fixture = new SessionFixture();
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
  const fixture = new SessionFixture();
  await fixture.seed(1n);
  const done = fixture.run();
  fixture.stopping.abort();
  fixture.stream.receive(welcome());
  await done;
  assert.deepEqual(fixture.forwarder.calls, ["close 1"]);
  assert.equal(fixture.stream.closed, true);
});
