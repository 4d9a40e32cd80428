import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { FakeForwarder } from "../../tests/kit/fake_forwarder.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import {
  OwnerRateLimitAction,
  OwnerRateLimitUpdateSchema,
  TrafficQuotaAction,
  TrafficQuotaUpdateSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { OwnerTable } from "./owner_table.ts";
import { applyOwnerLimits, applyQuota } from "./owner_updates.ts";

Deno.test("applyOwnerLimits() sets and lifts the caps of an owner", () => {
  const forwarder = new FakeForwarder();
  const logger = new RecordingLogger();
  const owners = new OwnerTable({ limits: forwarder, logger, onChange: () => undefined });
  const update = (action: OwnerRateLimitAction, rate?: number) =>
    applyOwnerLimits(
      create(OwnerRateLimitUpdateSchema, {
        clientName: "edge",
        ownerId: "alice",
        action,
        ...(rate === undefined ? {} : { rateLimit: { newConnectionsPerSec: rate } }),
      }),
      owners,
      logger,
    );
  update(OwnerRateLimitAction.SET, 5);
  assert.deepEqual(forwarder.ownerLimits.get("alice"), { newConnectionsPerSec: 5 });
  update(OwnerRateLimitAction.UNSPECIFIED, 9);
  assert.deepEqual(forwarder.ownerLimits.get("alice"), { newConnectionsPerSec: 5 });
  update(OwnerRateLimitAction.SET);
  assert.equal(forwarder.ownerLimits.get("alice"), null);
  update(OwnerRateLimitAction.SET, 6);
  update(OwnerRateLimitAction.REMOVE, 6);
  assert.equal(forwarder.ownerLimits.get("alice"), null);
  const owner = { client_name: "edge", owner_id: "alice" };
  assert.deepEqual(logger.lines, [
    { level: "info", event: "control.owner_rate_limit_set", fields: { ...owner, has_caps: true } },
    { level: "warn", event: "control.owner_rate_limit_unspecified_action", fields: owner },
    { level: "info", event: "control.owner_rate_limit_set", fields: { ...owner, has_caps: false } },
    { level: "info", event: "control.owner_rate_limit_set", fields: { ...owner, has_caps: true } },
    { level: "info", event: "control.owner_rate_limit_remove", fields: owner },
  ]);
});

Deno.test("applyQuota() sets what is left, never less than nothing, and ends the metering", () => {
  const forwarder = new FakeForwarder();
  const logger = new RecordingLogger();
  const owners = new OwnerTable({ limits: forwarder, logger, onChange: () => undefined });
  const update = (
    action: TrafficQuotaAction,
    state?: { readonly budgetRemainingBytes: bigint; readonly exhausted: boolean },
  ) =>
    applyQuota(
      create(TrafficQuotaUpdateSchema, {
        clientName: "edge",
        userId: "alice",
        action,
        ...(state && { state }),
      }),
      owners,
      logger,
    );
  const cases = [
    [{ budgetRemainingBytes: 7n, exhausted: false }, { remainingBytes: 7n, exhausted: false }],
    [{ budgetRemainingBytes: 7n, exhausted: true }, { remainingBytes: 7n, exhausted: true }],
    [{ budgetRemainingBytes: -7n, exhausted: false }, { remainingBytes: 0n, exhausted: true }],
  ] as const;
  for (const [state, expected] of cases) {
    update(TrafficQuotaAction.SET, state);
    assert.deepEqual(forwarder.quotas.get("alice"), expected);
  }
  update(TrafficQuotaAction.SET);
  update(TrafficQuotaAction.UNSPECIFIED, { budgetRemainingBytes: 1n, exhausted: false });
  assert.deepEqual(forwarder.quotas.get("alice"), { remainingBytes: 0n, exhausted: true });
  update(TrafficQuotaAction.REMOVE);
  assert.equal(forwarder.quotas.get("alice"), null);
  assert.deepEqual(logger.events.slice(2), [
    "control.traffic_quota_set",
    "control.traffic_quota_update_set_without_state",
    "control.traffic_quota_unspecified_action",
    "control.traffic_quota_remove",
  ]);
  assert.deepEqual(logger.lines[2]?.fields, {
    user: "alice",
    client: "edge",
    remaining: 0n,
    exhausted: true,
  });
});
