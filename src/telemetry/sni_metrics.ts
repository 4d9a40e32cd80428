/**
 * Metrics of the listeners that route TLS by server name.
 *
 * @module
 */

import { METRICS } from "../core/limits.ts";
import { Family, rowOf } from "./family.ts";
import { RetiredRows } from "./retired_rows.ts";

/** Upper bounds of the buckets that are reported, in seconds. */
export const PEEK_BOUNDS = [
  "0.0001",
  "0.00025",
  "0.0005",
  "0.001",
  "0.0025",
  "0.005",
  "0.01",
  "0.025",
  "0.05",
  "0.1",
  "0.25",
  "0.5",
  "1",
  "2",
  "3",
] as const;

/** Labels of a listener. */
export type ListenerLabels = Readonly<Record<"client" | "port", string>>;

/** What a listener's counters gained since the last report. */
export interface ListenerGains {
  readonly misses: bigint;
  readonly parseFailures: bigint;
  /** How long ClientHellos took to arrive; one per bound, each including those before it. */
  readonly peekBuckets: readonly bigint[];
  readonly peekMicros: bigint;
  readonly peeks: bigint;
}

const PEEK = "tls_client_hello_peek_duration_seconds";

/** The histogram is three families of counters, as in 3.1.0. */
export class SniMetrics {
  readonly #misses = new Family("tls_sni_listener_miss_total", {
    type: "counter",
    help: "TLS connections for whose server name there was no rule.",
  });
  readonly #parseFailures = new Family("tls_sni_listener_parse_failures_total", {
    type: "counter",
    help: "Connections that did not begin with a readable ClientHello.",
  });
  readonly #buckets = new Family(`${PEEK}_bucket`, {
    type: "counter",
    help: "ClientHellos that were read within a time.",
  });
  readonly #sum = new Family(`${PEEK}_sum`, {
    type: "counter",
    help: "Time that reading ClientHellos took.",
    unit: "micros",
  });
  readonly #count = new Family(`${PEEK}_count`, {
    type: "counter",
    help: "ClientHellos that were read.",
  });

  readonly families: readonly Family[] = [
    this.#misses,
    this.#parseFailures,
    this.#buckets,
    this.#sum,
    this.#count,
  ];

  readonly #retired = new RetiredRows<ListenerLabels>(
    METRICS.retiredRowsMax,
    (labels) => this.#drop(labels),
  );

  /** Adds what a listener gained. Zero gains make no row. */
  add(labels: ListenerLabels, gains: ListenerGains): void {
    const row = rowOf(labels);
    this.#retired.revive(row);
    this.#misses.add(row, gains.misses);
    this.#parseFailures.add(row, gains.parseFailures);
    this.#sum.add(row, gains.peekMicros);
    this.#count.add(row, gains.peeks);
    if (gains.peeks === 0n) return;
    PEEK_BOUNDS.forEach((le, index) => {
      this.#buckets.add(rowOf({ ...labels, le }), gains.peekBuckets[index] ?? 0n);
    });
    this.#buckets.add(rowOf({ ...labels, le: "+Inf" }), gains.peeks);
  }

  /** Lets the rows of a listener that is gone stay until many others have gone. */
  retire(labels: ListenerLabels): void {
    this.#retired.add(rowOf(labels), labels);
  }

  #drop(labels: ListenerLabels): void {
    const row = rowOf(labels);
    for (const family of this.families) family.delete(row);
    for (const le of [...PEEK_BOUNDS, "+Inf"]) this.#buckets.delete(rowOf({ ...labels, le }));
  }
}
