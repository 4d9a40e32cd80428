/**
 * What caps refused and slowed down, of rules and of owners.
 *
 * @module
 */

import { REJECT_REASONS, type RejectReason } from "../core/rate_limit.ts";
import { Family, rowOf } from "./family.ts";

/** Labels of a metric that belongs to one rule; owner-wide rows have the empty rule. */
export type RuleLabels = Readonly<Record<"client" | "owner" | "rule", string>>;

/** What was added since the last report. */
export interface RateLimitGains {
  readonly rejects: ReadonlyMap<RejectReason, bigint>;
  readonly throttleMicrosIn: bigint;
  readonly throttleMicrosOut: bigint;
}

/** Rows of an owner have the empty rule. */
export class RateLimitMetrics {
  readonly #rejects = new Family("rate_limit_reject_total", {
    type: "counter",
    help: "Connections and flows that a cap refused.",
  });
  readonly #throttle = new Family("rate_limit_throttle_seconds_total", {
    type: "counter",
    help: "Time for which a bandwidth cap held data back.",
    unit: "micros",
  });
  readonly #active = new Family("rate_limit_active_connections", {
    type: "gauge",
    help: "Connections that count against a cap.",
  });

  readonly families: readonly Family[] = [this.#rejects, this.#throttle, this.#active];

  add(labels: RuleLabels, gains: RateLimitGains): void {
    for (const [reason, gain] of gains.rejects) {
      this.#rejects.add(rowOf({ ...labels, reason }), gain);
    }
    this.#throttle.add(rowOf({ ...labels, direction: "in" }), gains.throttleMicrosIn);
    this.#throttle.add(rowOf({ ...labels, direction: "out" }), gains.throttleMicrosOut);
  }

  setActive(labels: RuleLabels, count: number): void {
    this.#active.set(rowOf(labels), count);
  }

  /** Nothing is reported any more, which is how a client says zero. */
  clearActive(labels: RuleLabels): void {
    this.#active.update(rowOf(labels), 0);
  }

  delete(labels: RuleLabels): void {
    for (const reason of REJECT_REASONS) this.#rejects.delete(rowOf({ ...labels, reason }));
    for (const direction of ["in", "out"]) this.#throttle.delete(rowOf({ ...labels, direction }));
    this.#active.delete(rowOf(labels));
  }
}
