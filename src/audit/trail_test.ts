import assert from "node:assert/strict";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { TemporaryStore } from "../../tests/kit/seeded_store.ts";
import { AUDIT } from "../core/limits.ts";
import { AuditRepository } from "../store/audit.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { type AuditDraft, AuditTrail } from "./trail.ts";

/** A trail into a real store, which notes the size of each batch. */
class Fixture implements Disposable {
  readonly db = new TemporaryStore();
  readonly clock = this.db.clock;
  readonly logger = new RecordingLogger();
  readonly metrics = new Metrics();
  readonly batches: number[] = [];
  readonly repository = new AuditRepository(this.db.store, this.clock);
  readonly trail = new AuditTrail({
    ...this,
    audit: {
      insert: (entries) => {
        this.batches.push(entries.length);
        this.repository.insert(entries);
      },
    },
  });

  record(...numbers: number[]): void {
    for (const n of numbers) this.trail.record(draft(n));
  }

  /** The numbers of the stored entries in the order of their rows. */
  get stored(): number[] {
    return this.db.store.db.all("SELECT action FROM audit ORDER BY seq")
      .map(({ action }) => Number(String(action).slice("POST /".length)));
  }

  metric(name: string): number {
    const line = new RegExp(`^portunus_${name} (.*)$`, "m").exec(this.metrics.render());
    return Number(line?.[1]);
  }

  [Symbol.dispose](): void {
    this.db[Symbol.dispose]();
  }
}

const draft = (n: number): AuditDraft => ({ actor: "a", outcome: "allow", action: `POST /${n}` });
const upTo = (count: number, start = 0) => Array.from({ length: count }, (_, n) => start + n);

Deno.test("AuditTrail commits what has come 100 ms after the first entry, in one batch", () => {
  using it = new Fixture();
  it.record(0);
  it.clock.advance(60);
  it.record(1, 2);
  it.clock.advance(39);
  assert.deepEqual(it.stored, []);
  it.clock.advance(1);
  assert.deepEqual([it.stored, it.batches], [[0, 1, 2], [3]]);
  assert.equal(it.clock.pending, 0, "nothing ticks while there is nothing to write");
  it.record(3);
  it.clock.advance(AUDIT.batchWindowMs);
  assert.deepEqual(it.batches, [3, 1]);
});

Deno.test("AuditTrail gives an entry the time when it was recorded, and no fact that it was not told", () => {
  using it = new Fixture();
  const recorded = it.clock.now();
  it.record(0);
  it.clock.advance(AUDIT.batchWindowMs);
  const query = { limit: 1, outcome: null, since: null, until: null, before: null };
  const [entry] = it.repository.page(query).entries;
  assert.equal(entry?.timestamp.epochMilliseconds, recorded);
  assert.deepEqual([entry?.role, entry?.reason, entry?.resourceKind, entry?.details], [
    null,
    null,
    null,
    {},
  ]);
});

Deno.test("AuditTrail writes a full batch at the next turn, at most 256 entries at once", () => {
  using it = new Fixture();
  it.record(...upTo(600));
  assert.deepEqual(it.batches, [], "a request does not write");
  it.clock.advance(0);
  assert.deepEqual(it.batches, [256, 256]);
  it.clock.advance(AUDIT.batchWindowMs);
  assert.deepEqual(it.batches, [256, 256, 88]);
  assert.deepEqual(it.stored, upTo(600));
});

Deno.test("AuditTrail drops the new entries of a flood, counts each and says so once", () => {
  using it = new Fixture();
  it.record(...upTo(2 * AUDIT.queueMax));
  assert.equal(it.metric("audit_buffer_drops_total"), AUDIT.queueMax);
  assert.deepEqual(it.logger.lines, [
    { level: "warn", event: "audit.handoff_overflow", fields: { capacity: 1_024 } },
  ]);
  it.clock.advance(AUDIT.batchWindowMs);
  assert.deepEqual(it.stored, upTo(AUDIT.queueMax));
  it.record(...upTo(AUDIT.queueMax + 1));
  assert.equal(it.logger.of("audit.handoff_overflow").length, 2, "there was room in between");
});

Deno.test("AuditTrail commits all that is queued when it is disposed of, and takes nothing after", () => {
  using it = new Fixture();
  it.record(...upTo(700));
  it.trail[Symbol.dispose]();
  assert.deepEqual([it.stored.length, it.batches], [700, [700]]);
  assert.equal(it.clock.pending, 0);
  it.record(700);
  assert.equal(it.stored.length, 700);
  assert.equal(it.metric("audit_buffer_drops_total"), 1);
  assert.deepEqual(it.logger.events, ["audit.writer_closed"]);
  it.trail[Symbol.dispose]();
  assert.deepEqual(it.batches, [700]);
});

Deno.test("AuditTrail discards a batch that cannot be written, says so and goes on", () => {
  using it = new Fixture();
  it.db.sabotage("audit", "disk full");
  it.record(0, 1);
  it.clock.advance(AUDIT.batchWindowMs);
  assert.deepEqual(it.logger.lines, [{
    level: "error",
    event: "audit.flush_failed",
    fields: { error: "conflict: disk full", batch_size: 2 },
  }]);
  assert.equal(it.metric("audit_buffer_drops_total"), 2);
  it.db.repair();
  it.record(2);
  it.clock.advance(AUDIT.batchWindowMs);
  assert.deepEqual(it.stored, [2]);
});

Deno.test("AuditTrail tells how long the oldest entry of a batch waited, and keeps that while idle", async () => {
  using it = new Fixture();
  const lag = () => it.metric("audit_durable_writer_lag_seconds");
  assert.equal(await lag(), 0);
  it.record(0);
  it.clock.advance(50);
  it.record(1);
  it.clock.advance(50);
  assert.equal(await lag(), 0.1);
  it.clock.advance(60_000);
  assert.equal(await lag(), 0.1);
});
