/**
 * Metrics of rules: one row per client, rule and owner, whatever the number of ports and targets.
 *
 * @module
 */

import { METRICS } from "../core/limits.ts";
import { Family, rowOf } from "./family.ts";
import { RateLimitMetrics, type RuleLabels } from "./rate_limit_metrics.ts";
import { RetiredRows } from "./retired_rows.ts";

const SNI_RESULTS = ["exact", "wildcard", "fallback"] as const;

/** What a rule's counters gained since the last report. */
export interface RuleGains {
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly dnsFailures: bigint;
  readonly datagramsIn: bigint;
  readonly datagramsOut: bigint;
  readonly flowsDroppedOverflow: bigint;
  readonly targetFailovers: bigint;
  /** Connections routed by server name, by how the name was found. */
  readonly sniRoutes: Readonly<Record<typeof SNI_RESULTS[number], bigint>>;
}

function counter(name: string, help: string): Family {
  return new Family(name, { type: "counter", help });
}

function gauge(name: string, help: string): Family {
  return new Family(name, { type: "gauge", help });
}

export class RuleMetrics {
  readonly rateLimits = new RateLimitMetrics();

  /** Totals, which outlive their rule. */
  readonly #totals = {
    bytesIn: counter("rule_bytes_in_total", "Bytes forwarded to targets."),
    bytesOut: counter("rule_bytes_out_total", "Bytes forwarded from targets."),
  };
  readonly #counters = {
    dnsFailures: counter("rule_dns_failures_total", "Failed target lookups."),
    datagramsIn: counter("rule_udp_datagrams_in_total", "Datagrams forwarded to targets."),
    datagramsOut: counter("rule_udp_datagrams_out_total", "Datagrams forwarded from targets."),
    flowsDroppedOverflow: counter(
      "rule_flows_dropped_overflow_total",
      "UDP flows refused because the rule had as many as it may have.",
    ),
    targetFailovers: counter(
      "rule_target_failovers_total",
      "How often a target was given up or taken back.",
    ),
  };
  readonly #gauges = {
    connections: gauge("rule_active_connections", "Open TCP connections of a rule."),
    flows: gauge("rule_active_flows", "Open UDP flows of a rule."),
  };
  readonly #sniRoutes = counter(
    "tls_sni_route_total",
    "Connections routed by their TLS server name.",
  );

  readonly #retired = new RetiredRows<RuleLabels>(
    METRICS.retiredRowsMax,
    (labels) => this.#drop(labels),
  );

  readonly families: readonly Family[] = [
    ...Object.values(this.#totals),
    ...Object.values(this.#counters),
    ...Object.values(this.#gauges),
    this.#sniRoutes,
    ...this.rateLimits.families,
  ];

  /** Adds what a rule gained. Zero gains make no row. */
  add(labels: RuleLabels, gains: RuleGains): void {
    const row = rowOf(labels);
    this.#retired.revive(row);
    this.#totals.bytesIn.add(row, gains.bytesIn);
    this.#totals.bytesOut.add(row, gains.bytesOut);
    this.#counters.dnsFailures.add(row, gains.dnsFailures);
    this.#counters.datagramsIn.add(row, gains.datagramsIn);
    this.#counters.datagramsOut.add(row, gains.datagramsOut);
    this.#counters.flowsDroppedOverflow.add(row, gains.flowsDroppedOverflow);
    this.#counters.targetFailovers.add(row, gains.targetFailovers);
    for (const result of SNI_RESULTS) {
      const gain = gains.sniRoutes[result];
      if (gain > 0n) this.#sniRoutes.add(rowOf({ ...labels, result }), gain);
    }
  }

  /** Shows how many connections and flows a rule has now. */
  setActive(
    labels: RuleLabels,
    active: { readonly connections: number; readonly flows: number },
  ): void {
    const row = rowOf(labels);
    this.#gauges.connections.set(row, active.connections);
    this.#gauges.flows.set(row, active.flows);
  }

  /**
   * Drops the rows of a rule that is gone, or is called otherwise now. Its totals stay, so that the
   * next scrape has all of them, until `METRICS.retiredRowsMax` other rules have gone.
   */
  retire(labels: RuleLabels): void {
    const row = rowOf(labels);
    for (const family of Object.values(this.#counters)) family.delete(row);
    for (const family of Object.values(this.#gauges)) family.delete(row);
    this.rateLimits.delete(labels);
    this.#retired.add(row, labels);
  }

  /** Counts for a rule that does not exist (any more): a total that is retired from the start. */
  addRetired(labels: RuleLabels, gains: RuleGains): void {
    this.add(labels, gains);
    this.#retired.add(rowOf(labels), labels);
  }

  #drop(labels: RuleLabels): void {
    const row = rowOf(labels);
    for (const family of Object.values(this.#totals)) family.delete(row);
    for (const family of Object.values(this.#counters)) family.delete(row);
    for (const result of SNI_RESULTS) this.#sniRoutes.delete(rowOf({ ...labels, result }));
  }
}
