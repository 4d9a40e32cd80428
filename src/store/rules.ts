/**
 * Rules and their targets (tables `rules`, `rule_targets`).
 *
 * @module
 */

import { toStoreText } from "../core/instant.ts";
import { hasCaps, type RateLimit } from "../core/rate_limit.ts";
import {
  PROTOCOLS,
  PROXY_VERSIONS,
  type RuleSpec,
  type RuleState,
  type RuleTarget,
} from "../core/rule.ts";
import type { SqlValue } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** A rule as the server keeps it: what it is, whose it is, where it runs and how it fares. */
export interface StoredRule extends RuleSpec {
  readonly ownerId: string;
  readonly clientId: string;
  /** Display name of the client. */
  readonly clientName: string;
  readonly state: RuleState;
  readonly createdAt: Temporal.Instant;
  /** Time of the last change of state. */
  readonly updatedAt: Temporal.Instant;
}

const UPSERT = `
  INSERT INTO rules (
    id, listen_port, listen_port_end, target_host, target_port, target_port_end, protocol, owner_user_id,
    health_check_interval_secs, created_at, updated_at, sni_pattern, client_name, prefer_ipv6,
    state_kind, state_reason, rl_bandwidth_in_bps, rl_bandwidth_out_bps, rl_new_connections_per_sec,
    rl_concurrent_connections, rl_bandwidth_in_burst, rl_bandwidth_out_burst, rl_new_connections_burst, client_id
  ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET
    listen_port = excluded.listen_port, listen_port_end = excluded.listen_port_end,
    target_host = excluded.target_host, target_port = excluded.target_port,
    target_port_end = excluded.target_port_end, protocol = excluded.protocol,
    owner_user_id = excluded.owner_user_id,
    health_check_interval_secs = excluded.health_check_interval_secs, updated_at = excluded.updated_at,
    sni_pattern = excluded.sni_pattern, client_name = excluded.client_name,
    prefer_ipv6 = excluded.prefer_ipv6, state_kind = excluded.state_kind,
    state_reason = excluded.state_reason, rl_bandwidth_in_bps = excluded.rl_bandwidth_in_bps,
    rl_bandwidth_out_bps = excluded.rl_bandwidth_out_bps,
    rl_new_connections_per_sec = excluded.rl_new_connections_per_sec,
    rl_concurrent_connections = excluded.rl_concurrent_connections,
    rl_bandwidth_in_burst = excluded.rl_bandwidth_in_burst,
    rl_bandwidth_out_burst = excluded.rl_bandwidth_out_burst,
    rl_new_connections_burst = excluded.rl_new_connections_burst, client_id = excluded.client_id
`;

export class RuleRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every rule by ascending id; `skipped` counts rows without a client, which no release can run. */
  loadAll(): { readonly rules: StoredRule[]; readonly skipped: number } {
    const { db } = this.#store;
    const targets = Map.groupBy(
      db.all("SELECT * FROM rule_targets ORDER BY rule_id, idx").map((columns) =>
        new Row("rule_targets", columns)
      ),
      (row) => row.integer("rule_id"),
    );
    const rows = db.all("SELECT * FROM rules ORDER BY id");
    const usable = rows.filter((columns) =>
      columns["client_id"] !== null && columns["client_name"] !== null
    );
    const rules = usable.map((columns) =>
      readRule(columns, targets.get(columns["id"] as bigint) ?? [])
    );
    return { rules, skipped: rows.length - usable.length };
  }

  /** Inserts or replaces a rule and its list of targets. The time of creation never changes. */
  upsert(rule: StoredRule): void {
    const { db } = this.#store;
    db.transaction(() => {
      db.run(UPSERT, ...ruleParameters(rule));
      db.run("DELETE FROM rule_targets WHERE rule_id = ?", rule.id);
      for (const [idx, { host, port, priority, proxyProtocol }] of rule.targets.entries()) {
        db.run(
          "INSERT INTO rule_targets (rule_id, idx, host, port, priority, proxy_protocol) VALUES (?, ?, ?, ?, ?, ?)",
          rule.id,
          idx,
          host,
          port,
          priority,
          proxyProtocol,
        );
      }
    });
  }

  /** Records a change of state. */
  updateState(id: bigint, state: RuleState, updatedAt: Temporal.Instant): void {
    this.#store.db.run(
      "UPDATE rules SET state_kind = ?, state_reason = ?, updated_at = ? WHERE id = ?",
      state.kind,
      reasonOf(state),
      toStoreText(updatedAt),
      id,
    );
  }

  /** Deletes a rule and its targets; an unknown id is nothing to do. */
  remove(id: bigint): void {
    this.#store.db.run("DELETE FROM rules WHERE id = ?", id);
  }

  /** Groups several changes into one transaction. */
  transaction<T>(fn: () => T): T {
    return this.#store.db.transaction(fn);
  }
}

const reasonOf = (state: RuleState): string | null => state.kind === "failed" ? state.reason : null;

function ruleParameters(rule: StoredRule) {
  const { listen, targetPorts, limits } = rule;
  return [
    rule.id,
    listen.start,
    listen.end === listen.start ? null : listen.end,
    rule.targetHost,
    targetPorts.start,
    targetPorts.end === targetPorts.start ? null : targetPorts.end,
    rule.protocol,
    rule.ownerId,
    rule.healthCheckIntervalSecs,
    toStoreText(rule.createdAt),
    toStoreText(rule.updatedAt),
    rule.sniPattern,
    rule.clientName,
    rule.preferIpv6 ? 1 : 0,
    rule.state.kind,
    reasonOf(rule.state),
    limits?.bandwidthInBps ?? null,
    limits?.bandwidthOutBps ?? null,
    limits?.newConnectionsPerSec ?? null,
    limits?.concurrentConnections ?? null,
    limits?.bandwidthInBurst ?? null,
    limits?.bandwidthOutBurst ?? null,
    limits?.newConnectionsBurst ?? null,
    rule.clientId,
  ] as const;
}

function readRule(columns: Record<string, SqlValue>, targets: readonly Row[]): StoredRule {
  const row = new Row("rules", columns);
  const listen = row.number("listen_port");
  const target = row.number("target_port");
  return {
    id: row.integer("id"),
    protocol: row.oneOf("protocol", PROTOCOLS),
    listen: { start: listen, end: row.numberOrNull("listen_port_end") ?? listen },
    targetHost: row.text("target_host"),
    targetPorts: { start: target, end: row.numberOrNull("target_port_end") ?? target },
    preferIpv6: row.integerOrNull("prefer_ipv6") === 1n,
    targets: targets.map(readTarget),
    healthCheckIntervalSecs: row.numberOrNull("health_check_interval_secs"),
    sniPattern: row.textOrNull("sni_pattern"),
    limits: readLimits(row),
    ownerId: row.text("owner_user_id"),
    clientId: row.text("client_id"),
    clientName: row.text("client_name"),
    state: readState(row),
    createdAt: row.instant("created_at"),
    updatedAt: row.instant("updated_at"),
  };
}

function readTarget(row: Row): RuleTarget {
  return {
    host: row.text("host"),
    port: row.number("port"),
    priority: row.number("priority"),
    proxyProtocol: row.textOrNull("proxy_protocol") === null
      ? null
      : row.oneOf("proxy_protocol", PROXY_VERSIONS),
  };
}

function readState(row: Row): RuleState {
  const kind = row.oneOf("state_kind", ["pending", "active", "failed", "removed"]);
  return kind === "failed"
    ? { kind, reason: row.textOrNull("state_reason") ?? "unspecified" }
    : { kind };
}

function readLimits(row: Row): RateLimit | null {
  const limits = {
    bandwidthInBps: row.integerOrNull("rl_bandwidth_in_bps"),
    bandwidthOutBps: row.integerOrNull("rl_bandwidth_out_bps"),
    newConnectionsPerSec: row.numberOrNull("rl_new_connections_per_sec"),
    concurrentConnections: row.numberOrNull("rl_concurrent_connections"),
    bandwidthInBurst: row.integerOrNull("rl_bandwidth_in_burst"),
    bandwidthOutBurst: row.integerOrNull("rl_bandwidth_out_burst"),
    newConnectionsBurst: row.numberOrNull("rl_new_connections_burst"),
  };
  const set: RateLimit = Object.fromEntries(
    Object.entries(limits).filter(([, value]) => value !== null),
  );
  return hasCaps(set) ? set : null;
}
