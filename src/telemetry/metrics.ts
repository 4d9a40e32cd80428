/**
 * Prometheus metrics of the server, in the text format of 3.1.0: families sorted by name, and
 * families without samples left out.
 *
 * @module
 */

import { Counter, Gauge, Registry } from "prom-client";

/** Labels of a metric that belongs to one rule. */
export interface RuleLabels {
  readonly client: string;
  readonly owner: string;
  readonly rule: string;
}

/** A quota as its gauges show it. */
export interface QuotaGauges {
  readonly clientName: string;
  readonly userId: string;
  readonly monthlyBytes: bigint;
  readonly bytesUsed: bigint;
  readonly exhaustedAt: bigint | null;
}

/** Media type of {@linkcode Metrics.render}. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const RULE_LABELS = ["client", "owner", "rule"] as const;
const QUOTA_LABELS = ["client", "user"] as const;

export class Metrics {
  readonly #registry = new Registry();

  readonly #clientsConnected = this.#gauge("clients_connected", "Connected clients.");
  readonly #authFailures = this.#counter("auth_failures_total", "Refused client tokens.", [
    "reason",
  ]);
  readonly #operatorRequests = this.#counter(
    "operator_requests_total",
    "Requests that reached the authentication of the operator API.",
    ["outcome", "reason"],
  );
  readonly #auditDrops = this.#counter(
    "audit_buffer_drops_total",
    "Audit entries that were lost because the queue was full or closed.",
  );
  readonly #auditLag = this.#gauge(
    "audit_durable_writer_lag_seconds",
    "How long the oldest entry of the last audit batch waited to be stored.",
  );
  readonly #bytesIn = this.#counter(
    "rule_bytes_in_total",
    "Bytes forwarded to targets.",
    RULE_LABELS,
  );
  readonly #bytesOut = this.#counter(
    "rule_bytes_out_total",
    "Bytes forwarded from targets.",
    RULE_LABELS,
  );
  readonly #dnsFailures = this.#counter(
    "rule_dns_failures_total",
    "Failed target lookups.",
    RULE_LABELS,
  );
  readonly #activeConnections = this.#gauge(
    "rule_active_connections",
    "Open TCP connections of a rule.",
    RULE_LABELS,
  );
  readonly #quotaUsed = this.#gauge(
    "traffic_quota_bytes_used",
    "Bytes used of a quota in its current period.",
    QUOTA_LABELS,
  );
  readonly #quotaLimit = this.#gauge(
    "traffic_quota_bytes_limit",
    "Bytes that a quota allows in a period.",
    QUOTA_LABELS,
  );
  readonly #quotaIsExhausted = this.#gauge(
    "traffic_quota_exhausted",
    "Whether nothing is left of a quota.",
    QUOTA_LABELS,
  );
  readonly #quotaResets = this.#counter(
    "traffic_quota_period_resets_total",
    "Periods of a quota that began by themselves.",
    QUOTA_LABELS,
  );
  readonly #quotaExhaustions = this.#counter(
    "traffic_quota_exhausted_total",
    "How often nothing was left of a quota.",
    QUOTA_LABELS,
  );

  setClientsConnected(count: number): void {
    this.#clientsConnected.set(count);
  }

  authFailure(reason: string): void {
    this.#authFailures.inc({ reason });
  }

  operatorRequest(outcome: "allow" | "deny", reason: string): void {
    this.#operatorRequests.inc({ outcome, reason });
  }

  auditDropped(): void {
    this.#auditDrops.inc();
  }

  setAuditLag(seconds: number): void {
    this.#auditLag.set(seconds);
  }

  /** Adds what a rule forwarded since the last report. Zero deltas create no row. */
  ruleTraffic(
    labels: RuleLabels,
    delta: { readonly bytesIn: bigint; readonly bytesOut: bigint; readonly dnsFailures: bigint },
  ): void {
    const row = sorted(labels);
    if (delta.bytesIn > 0n) this.#bytesIn.inc(row, Number(delta.bytesIn));
    if (delta.bytesOut > 0n) this.#bytesOut.inc(row, Number(delta.bytesOut));
    if (delta.dnsFailures > 0n) this.#dnsFailures.inc(row, Number(delta.dnsFailures));
  }

  setActiveConnections(labels: RuleLabels, count: number): void {
    this.#activeConnections.set(sorted(labels), count);
  }

  /** Drops the rows of a removed rule; its byte counters stay, as totals must. */
  forgetRule(labels: RuleLabels): void {
    this.#activeConnections.remove(sorted(labels));
    this.#dnsFailures.remove(sorted(labels));
  }

  setQuota(quota: QuotaGauges): void {
    const row = quotaLabels(quota);
    this.#quotaUsed.set(row, Number(quota.bytesUsed));
    this.#quotaLimit.set(row, Number(quota.monthlyBytes));
    this.#quotaIsExhausted.set(row, quota.exhaustedAt === null ? 0 : 1);
  }

  quotaReset(quota: QuotaGauges): void {
    this.#quotaResets.inc(quotaLabels(quota));
  }

  quotaExhausted(quota: QuotaGauges): void {
    this.#quotaExhaustions.inc(quotaLabels(quota));
  }

  /** Drops the gauges of a removed quota; its counters stay, as totals must. */
  forgetQuota(quota: QuotaGauges): void {
    const row = quotaLabels(quota);
    for (const gauge of [this.#quotaUsed, this.#quotaLimit, this.#quotaIsExhausted]) {
      gauge.remove(row);
    }
  }

  /** The exposition text. Every family begins with its HELP line, so sorting the texts sorts the names. */
  async render(): Promise<string> {
    const families: string[] = [];
    for (const { name, values } of await this.#registry.getMetricsAsJSON()) {
      if (values.length > 0) families.push(await this.#registry.getSingleMetricAsString(name));
    }
    families.sort();
    return `${families.join("\n")}\n`;
  }

  #counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name: `portunus_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return new Gauge({ name: `portunus_${name}`, help, labelNames, registers: [this.#registry] });
  }
}

/** The order in which labels are written is that of the row's members. */
function sorted({ client, owner, rule }: RuleLabels) {
  return { client, owner, rule };
}

function quotaLabels({ clientName, userId }: QuotaGauges) {
  return { client: clientName, user: userId };
}
