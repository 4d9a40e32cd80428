/**
 * Prometheus metrics of the server, in the text format of 3.1.0: families sorted by name, and
 * families without samples left out.
 *
 * @module
 */

import { CertificateMetrics } from "./certificate_metrics.ts";
import { Family, type FamilyOptions, rowOf } from "./family.ts";
import { IngressMetrics } from "./ingress_metrics.ts";
import { RuleMetrics } from "./rule_metrics.ts";
import { SniMetrics } from "./sni_metrics.ts";

/** A quota as its gauges show it. */
export interface QuotaGauges {
  readonly clientName: string;
  readonly userId: string;
  readonly monthlyBytes: bigint;
  readonly bytesUsed: bigint;
  readonly exhaustedAt: bigint | null;
}

/** A shared database of accounts as its gauges show it. */
export interface BackendGauges {
  readonly backend: string;
  readonly up: boolean;
  readonly inUse: number;
  readonly failures: { readonly unavailable: number; readonly timeout: number };
  /** Seconds since the replica was brought up to date; `null` without one. */
  readonly replicaAgeSecs: number | null;
}

/** Media type of {@linkcode Metrics.render}. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The row of a family without labels. */
const ONLY = "";

export class Metrics {
  readonly #families: Family[] = [];
  readonly #collectors: (() => void)[] = [];

  readonly rules = new RuleMetrics();
  readonly sniListeners = new SniMetrics();
  readonly certificates = new CertificateMetrics();
  readonly ingress = new IngressMetrics();

  readonly #clientsConnected = this.#gauge("clients_connected", "Connected clients.");
  readonly #authFailures = this.#counter("auth_failures_total", "Refused client tokens.");
  readonly #operatorRequests = this.#counter(
    "operator_requests_total",
    "Requests that reached the authentication of the operator API.",
  );
  readonly #auditDrops = this.#counter(
    "audit_buffer_drops_total",
    "Audit entries that were lost: the queue was full or closed, or the store refused them.",
  );
  readonly #auditLag = this.#gauge(
    "audit_durable_writer_lag_seconds",
    "How long the oldest entry of the last audit batch waited to be stored.",
  );
  readonly #storeBusy = this.#counter(
    "store_busy_total",
    "Statements that gave up because another process had the store locked.",
  );
  readonly #sniRoutesActive = this.#gauge(
    "tls_sni_routes_active",
    "Rules with a server name pattern.",
  );
  readonly #backendUp = this.#gauge(
    "identity_backend_up",
    "Whether the shared database of accounts answered the last time.",
  );
  readonly #backendInUse = this.#gauge(
    "identity_backend_connections_in_use",
    "Connections to the shared database of accounts that are in use.",
  );
  readonly #backendFailures = this.#counter(
    "identity_backend_failures_total",
    "Requests to the shared database of accounts that failed.",
  );
  readonly #replicaAge = this.#gauge(
    "identity_replica_age_seconds",
    "Time since the replica of the shared accounts was brought up to date.",
  );
  readonly #quotaUsed = this.#gauge(
    "traffic_quota_bytes_used",
    "Bytes used of a quota in its current period.",
  );
  readonly #quotaLimit = this.#gauge(
    "traffic_quota_bytes_limit",
    "Bytes that a quota allows in a period.",
  );
  readonly #quotaIsExhausted = this.#gauge(
    "traffic_quota_exhausted",
    "Whether nothing is left of a quota.",
  );
  readonly #quotaResets = this.#counter(
    "traffic_quota_period_resets_total",
    "Periods of a quota that began by themselves.",
  );
  readonly #quotaExhaustions = this.#counter(
    "traffic_quota_exhausted_total",
    "How often nothing was left of a quota.",
  );

  constructor() {
    this.#families.push(
      ...this.rules.families,
      ...this.sniListeners.families,
      ...this.certificates.families,
      ...this.ingress.families,
    );
    this.#families.sort((a, b) => (a.name < b.name ? -1 : 1));
    const unlabelled = [
      this.#clientsConnected,
      this.#auditDrops,
      this.#auditLag,
      this.#storeBusy,
      this.#sniRoutesActive,
    ];
    for (const family of unlabelled) family.set(ONLY, 0);
  }

  /** How many samples there are. */
  get size(): number {
    return this.#families.reduce((sum, { size }) => sum + size, 0);
  }

  setClientsConnected(count: number): void {
    this.#clientsConnected.set(ONLY, count);
  }

  authFailure(reason: string): void {
    this.#authFailures.add(rowOf({ reason }), 1n);
  }

  operatorRequest(outcome: "allow" | "deny", reason: string): void {
    this.#operatorRequests.add(rowOf({ outcome, reason }), 1n);
  }

  auditDropped(entries = 1): void {
    this.#auditDrops.add(ONLY, BigInt(entries));
  }

  setAuditLag(seconds: number): void {
    this.#auditLag.set(ONLY, seconds);
  }

  storeBusy(): void {
    this.#storeBusy.add(ONLY, 1n);
  }

  setSniRoutesActive(count: number): void {
    this.#sniRoutesActive.set(ONLY, count);
  }

  setQuota(quota: QuotaGauges): void {
    const row = quotaRow(quota);
    this.#quotaUsed.set(row, quota.bytesUsed);
    this.#quotaLimit.set(row, quota.monthlyBytes);
    this.#quotaIsExhausted.set(row, quota.exhaustedAt === null ? 0 : 1);
  }

  quotaReset(quota: QuotaGauges): void {
    this.#quotaResets.add(quotaRow(quota), 1n);
  }

  quotaExhausted(quota: QuotaGauges): void {
    this.#quotaExhaustions.add(quotaRow(quota), 1n);
  }

  /** Drops the gauges of a removed quota; its counters stay, as totals must. */
  forgetQuota(quota: QuotaGauges): void {
    const row = quotaRow(quota);
    for (const gauge of [this.#quotaUsed, this.#quotaLimit, this.#quotaIsExhausted]) {
      gauge.delete(row);
    }
  }

  /** Calls `collect` before every exposition. */
  onRender(collect: () => void): void {
    this.#collectors.push(collect);
  }

  setBackend({ backend, up, inUse, failures, replicaAgeSecs }: BackendGauges): void {
    const row = rowOf({ backend });
    this.#backendUp.set(row, up ? 1 : 0);
    this.#backendInUse.set(row, inUse);
    for (const [kind, count] of Object.entries(failures)) {
      this.#backendFailures.set(rowOf({ backend, kind }), count);
    }
    if (replicaAgeSecs !== null) this.#replicaAge.set(row, replicaAgeSecs);
  }

  /** The exposition text. */
  render(): string {
    for (const collect of this.#collectors) collect();
    return this.#families.map((family) => family.text()).join("");
  }

  #counter(name: string, help: string): Family {
    return this.#family(name, { help, type: "counter" });
  }

  #gauge(name: string, help: string): Family {
    return this.#family(name, { help, type: "gauge" });
  }

  #family(name: string, options: FamilyOptions): Family {
    const family = new Family(name, options);
    this.#families.push(family);
    return family;
  }
}

function quotaRow({ clientName, userId }: QuotaGauges): string {
  return rowOf({ client: clientName, user: userId });
}
