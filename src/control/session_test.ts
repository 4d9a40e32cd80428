import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { ruleStatus } from "../../tests/kit/messages.ts";
import { ActivationOutcome } from "../wire/gen/portunus/v1/portunus_pb.ts";
import { Session } from "./session.ts";

const { ACTIVATED, FAILED } = ActivationOutcome;

function open(clock = new FakeClock()): Session {
  return new Session(1, { clientId: "C1", clientName: "edge-01" }, "203.0.113.9:1", clock);
}

Deno.test("Session.acknowledge() hands a status to whoever waits for its request id", async () => {
  const session = open();
  using first = session.expectAck("A", 1n, 2_000);
  using second = session.expectAck("B", 2n, 2_000);
  const status = ruleStatus({ requestId: "B", ruleId: 2n });
  assert.equal(session.acknowledge(status), true);
  assert.deepEqual(await second.result, { kind: "status", status });
  assert.equal(session.acknowledge(status), false, "it is waited for only once");

  session.acknowledge(ruleStatus({ requestId: "A", ruleId: 1n }));
  assert.equal((await first.result).kind, "status");
});

Deno.test("Session.acknowledge() takes FAILED without a request id for the push of that rule", async () => {
  const session = open();
  using ack = session.expectAck("A", 7n, 2_000);
  assert.equal(
    session.acknowledge(ruleStatus({ ruleId: 8n, outcome: FAILED, reason: "range_invalid" })),
    false,
  );
  assert.equal(session.acknowledge(ruleStatus({ ruleId: 7n, outcome: ACTIVATED })), false);
  const status = ruleStatus({ ruleId: 7n, outcome: FAILED, reason: "range_invalid" });
  assert.equal(session.acknowledge(status), true);
  assert.deepEqual(await ack.result, { kind: "status", status });
});

Deno.test("Session.expectAck() tells no answer in time from a lost session, both after the full time", async () => {
  const clock = new FakeClock();
  const session = open(clock);
  using late = session.expectAck("A", 1n, 2_000);
  clock.advance(2_000);
  assert.deepEqual(await late.result, { kind: "timeout" });
  assert.equal(session.acknowledge(ruleStatus({ requestId: "A", ruleId: 1n })), false);

  let settled = false;
  using lost = session.expectAck("B", 1n, 2_000);
  void lost.result.then(() => settled = true);
  session.cancel();
  clock.advance(1_999);
  await Promise.resolve();
  assert.equal(settled, false);
  clock.advance(1);
  assert.deepEqual(await lost.result, { kind: "lost" });
  assert.equal(clock.pending, 0);
});

Deno.test("Session.expectAck() leaves no timer and no waiter behind when disposed", () => {
  const clock = new FakeClock();
  const session = open(clock);
  {
    using _ack = session.expectAck("A", 1n, 2_000);
    assert.equal(clock.pending, 1);
  }
  assert.equal(clock.pending, 0);
  assert.equal(session.acknowledge(ruleStatus({ requestId: "A", ruleId: 1n })), false);
});
