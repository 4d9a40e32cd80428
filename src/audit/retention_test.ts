import assert from "node:assert/strict";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { TemporaryStore } from "../../tests/kit/seeded_store.ts";
import { AUDIT } from "../core/limits.ts";
import { type AuditEntry, AuditRepository } from "../store/audit.ts";
import { AuditRetention } from "./retention.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

class Fixture implements Disposable {
  readonly db = new TemporaryStore();
  readonly clock = this.db.clock;
  readonly logger = new RecordingLogger();
  readonly audit = new AuditRepository(this.db.store, this.clock);
  readonly retention = new AuditRetention(this);

  /** Enters `count` entries of the time `ageMs` ago. */
  enter(count: number, ageMs: number): void {
    const timestamp = Temporal.Instant.fromEpochMilliseconds(this.clock.now() - ageMs);
    const entry: AuditEntry = {
      timestamp,
      actor: "alice",
      role: "user",
      outcome: "deny",
      action: "GET /v1/audit",
      reason: "role_required",
      resourceKind: null,
      resourceValue: null,
      details: {},
    };
    this.audit.insert(Array.from({ length: count }, () => entry));
  }

  get count(): number {
    return Number(this.db.store.db.get("SELECT count(*) AS n FROM audit")?.["n"]);
  }

  [Symbol.dispose](): void {
    this.retention[Symbol.dispose]();
    this.db[Symbol.dispose]();
  }
}

Deno.test("AuditRetention deletes what is older than 90 days every hour, the first time after one", () => {
  using it = new Fixture();
  it.enter(2, 90 * DAY_MS + 1);
  it.enter(3, 90 * DAY_MS - HOUR_MS);
  it.enter(4, 90 * DAY_MS - 2 * HOUR_MS);
  it.clock.advance(HOUR_MS - 1);
  assert.deepEqual([it.count, it.logger.lines], [9, []]);
  it.clock.advance(1);
  assert.equal(it.count, 7, "what is 90 days old to the millisecond stays");
  it.clock.advance(HOUR_MS);
  assert.equal(it.count, 4);
  assert.deepEqual(it.logger.of("audit_retention.sweep").map(({ fields }) => fields), [
    { deleted_age: 2, deleted_overflow: 0 },
    { deleted_age: 3, deleted_overflow: 0 },
  ]);
});

Deno.test("AuditRetention keeps the newest 50,000 of those", () => {
  using it = new Fixture();
  it.enter(5, 91 * DAY_MS);
  it.enter(AUDIT.keepRowsMax + 7, 0);
  it.clock.advance(HOUR_MS);
  assert.equal(it.count, AUDIT.keepRowsMax);
  assert.deepEqual(it.logger.of("audit_retention.sweep")[0]?.fields, {
    deleted_age: 5,
    deleted_overflow: 7,
  });
});

Deno.test("AuditRetention says when it could not, and tries again an hour later", () => {
  using it = new Fixture();
  it.enter(1, 91 * DAY_MS);
  it.db.sabotage("audit");
  it.clock.advance(HOUR_MS);
  assert.deepEqual(it.logger.lines, [{
    level: "error",
    event: "audit_retention.sweep_failed",
    fields: { error: "conflict: disk I/O error" },
  }]);
  it.db.repair();
  it.clock.advance(HOUR_MS);
  assert.equal(it.count, 0);
});

Deno.test("AuditRetention stops when it is disposed of, between sweeps too", () => {
  using it = new Fixture();
  it.clock.advance(HOUR_MS);
  it.retention[Symbol.dispose]();
  assert.equal(it.clock.pending, 0);
});

Deno.test("AuditRetention deletes a lot in batches, one at a turn, and says the total once", () => {
  using it = new Fixture();
  it.enter(2 * AUDIT.deleteBatchMax + 1, 91 * DAY_MS);
  const counts: number[] = [];
  const { deleteBefore } = it.audit;
  it.audit.deleteBefore = (time, limit) => {
    const deleted = deleteBefore.call(it.audit, time, limit);
    counts.push(deleted);
    return deleted;
  };
  it.clock.advance(HOUR_MS);
  assert.equal(it.count, 0);
  assert.deepEqual(counts, [AUDIT.deleteBatchMax, AUDIT.deleteBatchMax, 1, 0]);
  assert.deepEqual(it.logger.of("audit_retention.sweep").map(({ fields }) => fields), [
    { deleted_age: 2 * AUDIT.deleteBatchMax + 1, deleted_overflow: 0 },
  ]);
});
