/**
 * The way of an audit entry into the store: a bounded queue that never lets a request wait, and
 * a writer that commits what has come in batches.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import { instantFromMillis } from "../core/instant.ts";
import { AUDIT } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { AuditEntry, AuditRepository } from "../store/audit.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** An entry before it has a time. What is left out is unknown, or none. */
export type AuditDraft =
  & Pick<AuditEntry, "actor" | "outcome" | "action">
  & Partial<AuditEntry>;

/** Where audit entries go. */
export interface AuditLog {
  /** Takes an entry in; returns at once and never throws. */
  record(draft: AuditDraft): void;
}

export interface AuditTrailOptions {
  readonly audit: Pick<AuditRepository, "insert">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Holds up to `AUDIT.queueMax` entries and commits them `AUDIT.batchMax` at a time,
 * `AUDIT.batchWindowMs` milliseconds after the first at the latest. An entry for which there is no
 * room is dropped, and a batch that cannot be written is discarded: the log says so, and whoever
 * asks for the trail later finds a gap, not a server that stands still.
 */
export class AuditTrail implements AuditLog, Disposable {
  readonly #audit: Pick<AuditRepository, "insert">;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #queue: AuditEntry[] = [];
  #timer: Disposable | null = null;
  #overflowing = false;
  #closed = false;

  constructor({ audit, clock, logger, metrics }: AuditTrailOptions) {
    this.#audit = audit;
    this.#clock = clock;
    this.#logger = logger;
    this.#metrics = metrics;
  }

  record(draft: AuditDraft): void {
    if (this.#closed) {
      this.#metrics.auditDropped();
      this.#logger.error("audit.writer_closed");
      return;
    }
    if (this.#queue.length === AUDIT.queueMax) {
      this.#metrics.auditDropped();
      this.#logOverflow();
      return;
    }
    this.#queue.push(this.#complete(draft));
    if (this.#queue.length === 1) this.#writeIn(AUDIT.batchWindowMs);
    if (this.#queue.length === AUDIT.batchMax) this.#writeIn(0);
  }

  /** Commits everything that is queued, and takes nothing more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    this.#write(this.#queue.splice(0));
  }

  #complete(draft: AuditDraft): AuditEntry {
    return {
      timestamp: instantFromMillis(this.#clock.now()),
      role: null,
      reason: null,
      resourceKind: null,
      resourceValue: null,
      details: {},
      ...draft,
    };
  }

  #writeIn(ms: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.timer(ms, () => this.#writeBatch());
  }

  /** One batch at a turn, so that requests are answered between two of them. */
  #writeBatch(): void {
    this.#write(this.#queue.splice(0, AUDIT.batchMax));
    this.#overflowing = false;
    if (this.#queue.length === 0) return;
    this.#writeIn(this.#queue.length < AUDIT.batchMax ? AUDIT.batchWindowMs : 0);
  }

  #write(batch: readonly AuditEntry[]): void {
    const [oldest] = batch;
    if (oldest === undefined) return;
    try {
      this.#audit.insert(batch);
    } catch (error) {
      const fields = { error: errorText(error), batch_size: batch.length };
      this.#logger.error("audit.flush_failed", fields);
      this.#metrics.auditDropped(batch.length);
      return;
    }
    const lagMs = this.#clock.now() - oldest.timestamp.epochMilliseconds;
    this.#metrics.setAuditLag(Math.max(0, lagMs) / 1_000);
  }

  /** Once until there is room again: a flood of requests is no reason for one of lines. */
  #logOverflow(): void {
    if (this.#overflowing) return;
    this.#overflowing = true;
    this.#logger.warn("audit.handoff_overflow", { capacity: AUDIT.queueMax });
  }
}
