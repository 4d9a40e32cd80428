import assert from "node:assert/strict";
import { FakeForwarder } from "../../tests/kit/fake_forwarder.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { OwnerTable } from "./owner_table.ts";

const caps = { concurrentConnections: 5 };
const quota = { remainingBytes: 7n, exhausted: false };

class Fixture {
  readonly forwarder = new FakeForwarder();
  readonly logger = new RecordingLogger();
  changes = 0;
  readonly owners = new OwnerTable({
    limits: this.forwarder,
    logger: this.logger,
    onChange: () => this.changes += 1,
  });
}

Deno.test("OwnerTable knows what is set, with what the data plane has left of a quota", () => {
  const { owners, forwarder } = new Fixture();
  owners.setCaps("alice", caps);
  owners.setCaps("bob", {});
  owners.setQuota("alice", quota);
  forwarder.quotas.set("alice", { remainingBytes: 3n, exhausted: false });
  assert.deepEqual(owners.caps, [{ ownerId: "alice", caps }]);
  assert.deepEqual(owners.quotas, [
    { ownerId: "alice", quota: { remainingBytes: 3n, exhausted: false } },
  ]);
  assert.deepEqual(forwarder.ownerLimits.get("bob"), {});
  owners.setCaps("alice", null);
  owners.setQuota("alice", null);
  assert.deepEqual([owners.caps, owners.quotas], [[], []]);
  assert.deepEqual([forwarder.ownerLimits.get("alice"), forwarder.quotas.get("alice")], [
    null,
    null,
  ]);
});

Deno.test("OwnerTable lifts what a replay did not name, and nothing else", () => {
  const { owners, forwarder, logger } = new Fixture();
  for (const owner of ["alice", "bob"]) {
    owners.setCaps(owner, caps);
    owners.setQuota(owner, quota);
  }
  owners.beginReplay();
  owners.setCaps("bob", caps);
  owners.setQuota("bob", quota);
  owners.setQuota("carol", quota);
  forwarder.calls.length = 0;
  owners.endQuotas({ isReplayComplete: true });
  assert.deepEqual(forwarder.calls, ["quota alice"]);
  owners.endCaps();
  assert.deepEqual(forwarder.calls, ["quota alice", "owner limits alice"]);
  assert.deepEqual(owners.caps.map(({ ownerId }) => ownerId), ["bob"]);
  assert.deepEqual(owners.quotas.map(({ ownerId }) => ownerId), ["bob", "carol"]);
  assert.deepEqual(logger.lines.map(({ event, fields }) => [event, fields]), [
    ["control.traffic_quota_remove", { user: "alice", replayed: false }],
    ["control.owner_rate_limit_remove", { owner_id: "alice", replayed: false }],
  ]);
});

Deno.test("OwnerTable without a new replay lifts nothing", () => {
  const { owners, forwarder } = new Fixture();
  owners.setCaps("alice", caps);
  owners.setQuota("alice", quota);
  forwarder.calls.length = 0;
  owners.endQuotas({ isReplayComplete: true });
  owners.endCaps();
  assert.deepEqual(forwarder.calls, []);
});

Deno.test("OwnerTable keeps a quota that a 3.1.0 server set, unless it is from before the start", () => {
  const { owners, forwarder, changes } = new Fixture();
  owners.restore([{ ownerId: "alice", caps }], [
    { ownerId: "alice", quota },
    { ownerId: "bob", quota },
  ]);
  assert.equal(changes, 0, "what is restored is on disk already");
  assert.deepEqual(forwarder.calls, ["owner limits alice", "quota alice", "quota bob"]);
  owners.setQuota("bob", quota);
  owners.setQuota("carol", quota);
  owners.beginReplay();
  owners.endQuotas({ isReplayComplete: false });
  assert.deepEqual(owners.quotas.map(({ ownerId }) => ownerId), ["bob", "carol"]);
  owners.endCaps();
  assert.deepEqual(owners.caps, []);
});

Deno.test("OwnerTable tells of every change", () => {
  const fixture = new Fixture();
  const { owners } = fixture;
  owners.setCaps("alice", caps);
  owners.setQuota("alice", quota);
  owners.beginReplay();
  assert.equal(fixture.changes, 2);
  owners.endQuotas({ isReplayComplete: true });
  owners.endCaps();
  assert.equal(fixture.changes, 4);
});

Deno.test("OwnerTable.spend() takes what another process let pass off the quota", () => {
  const { owners, forwarder } = new Fixture();
  owners.setQuota("alice", quota);
  owners.spend("alice", 5n);
  assert.deepEqual(forwarder.quotas.get("alice"), { remainingBytes: 2n, exhausted: false });
  owners.spend("alice", 5n);
  assert.equal(forwarder.quotas.get("alice")?.remainingBytes, 0n);
  owners.spend("alice", -1n);
  owners.spend("bob", 5n);
  assert.equal(forwarder.quotas.has("bob"), false);
});
