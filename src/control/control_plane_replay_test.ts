import assert from "node:assert/strict";
import { ControlPlaneFixture } from "../../tests/kit/control_plane_fixture.ts";
import { hello, ruleIdOf } from "../../tests/kit/messages.ts";
import { newQuota, withUsage } from "../core/quota.ts";
import {
  OwnerRateLimitAction,
  type OwnerRateLimitUpdate,
  type ServerMessage,
  TrafficQuotaAction,
  type TrafficQuotaUpdate,
} from "../wire/gen/portunus/v1/portunus_pb.ts";

Deno.test("ControlPlane.session() replays owners' caps after the rules, to clients that know them", async () => {
  using fixture = new ControlPlaneFixture();
  await fixture.seed(1);
  const current = await fixture.connect(hello("0.11.0"));
  assert.equal(ruleIdOf(await current.stream.sent.next()), 0n);
  for (const ownerId of ["alice", "bob"]) {
    fixture.ownerCaps.put({ clientId: "C1", ownerId }, { concurrent_connections: 3 });
    assert.equal(capText(await current.stream.sent.next()), `SET ${ownerId} 3`);
  }
  current.stream.halfClose();
  await current.done;

  const again = await fixture.connect(hello("0.11.0"));
  assert.equal(ruleIdOf(await again.stream.sent.next()), 0n);
  assert.equal(capText(await again.stream.sent.next()), "SET alice 3");
  assert.equal(capText(await again.stream.sent.next()), "SET bob 3");
  again.stream.halfClose();
  await again.done;

  const old = await fixture.connect(hello("0.10.0"));
  assert.equal(ruleIdOf(await old.stream.sent.next()), 0n);
  old.stream.halfClose();
  await old.done;
  assert.equal(old.stream.sent.all.length, 2);
});

Deno.test("ControlPlane.session() does not replay caps that went while it was replaying", async () => {
  using fixture = new ControlPlaneFixture();
  const first = await fixture.connect();
  for (const ownerId of ["alice", "bob"]) {
    fixture.ownerCaps.put({ clientId: "C1", ownerId }, { concurrent_connections: 3 });
  }
  first.stream.halfClose();
  await first.done;
  const { stream, done } = fixture.start();
  stream.receive(hello());
  await fixture.logger.seen("client.connected", 2);
  fixture.ownerCaps.remove({ clientId: "C1", ownerId: "bob" });
  assert.equal((await stream.sent.next())?.payload.case, "welcome");
  const told = [await stream.sent.next(), await stream.sent.next()].map(capText);
  assert.deepEqual(told.sort(), ["REMOVE bob undefined", "SET alice 3"]);
  stream.halfClose();
  await done;
  assert.equal(stream.sent.all.length, 3);
});

/** `<ACTION> <owner> <cap on connections>` of what a client is told of an owner's caps. */
function capText(message: ServerMessage | undefined): string {
  assert.equal(message?.payload.case, "ownerRateLimitUpdate");
  const { action, ownerId, rateLimit } = message.payload.value as OwnerRateLimitUpdate;
  return `${OwnerRateLimitAction[action]} ${ownerId} ${rateLimit?.concurrentConnections}`;
}

Deno.test("ControlPlane.session() replays quotas before the rules, by client id, to clients that know them", async () => {
  using fixture = new ControlPlaneFixture();
  await fixture.seed(1);
  const quota = newQuota({
    userId: "alice",
    clientId: "C1",
    clientName: "its name then",
    monthlyBytes: 100n,
    billingAnchor: 1_767_225_600n,
  }, 1_767_225_600n);
  fixture.quotas.save(withUsage(quota, 130n, 1_767_225_601n));
  fixture.quotas.save({ ...quota, userId: "bob", monthlyBytes: 2n ** 62n });
  fixture.quotas.save({ ...quota, clientId: "C2" });

  const { stream, done } = await fixture.connect(hello("1.4.0"));
  const update = quotaUpdateOf(await stream.sent.next());
  assert.match(update.requestId, /^quota-replay-R\d+$/);
  assert.deepEqual(
    [update.userId, update.clientId, update.clientName, update.action],
    ["alice", "C1", "edge-01", TrafficQuotaAction.SET],
  );
  const { $typeName: _, ...state } = update.state ?? assert.fail("SET has a state");
  assert.deepEqual(state, {
    monthlyBytes: 100n,
    budgetRemainingBytes: -30n,
    periodStartedAtUnixSec: 1_767_225_600n,
    periodEndsAtUnixSec: 1_769_904_000n,
    exhausted: true,
  });
  const { userId, state: full } = quotaUpdateOf(await stream.sent.next());
  assert.deepEqual([userId, full?.budgetRemainingBytes, full?.exhausted], [
    "bob",
    2n ** 62n,
    false,
  ]);
  assert.equal(ruleIdOf(await stream.sent.next()), 0n);
  stream.halfClose();
  await done;

  for (const version of ["1.3.9", ""]) {
    const old = await fixture.connect(hello(version));
    assert.equal(ruleIdOf(await old.stream.sent.next()), 0n);
    old.stream.halfClose();
    await old.done;
  }
});

Deno.test("ControlPlane.session() replays rules although quotas cannot be read", async () => {
  using fixture = new ControlPlaneFixture();
  await fixture.seed(1);
  fixture.db.store.db.exec("ALTER TABLE traffic_quotas RENAME TO gone");
  const { stream, done } = await fixture.connect();
  assert.equal(ruleIdOf(await stream.sent.next()), 0n);
  assert.equal(fixture.logger.of("operator.store_error").length, 1);
  stream.halfClose();
  await done;
});

function quotaUpdateOf(message: ServerMessage | undefined): TrafficQuotaUpdate {
  assert.equal(message?.payload.case, "trafficQuotaUpdate");
  return message.payload.value as TrafficQuotaUpdate;
}
