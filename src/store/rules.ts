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
import type { Columns, SqlParameter } from "./database.ts";
import { LIMIT_COLUMNS, limitsFromRow, limitsToColumns } from "./limit_columns.ts";
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

const SPEC_COLUMNS = [
  "id",
  "listen_port",
  "listen_port_end",
  "target_host",
  "target_port",
  "target_port_end",
  "protocol",
  "owner_user_id",
  "health_check_interval_secs",
  "created_at",
  "updated_at",
  "sni_pattern",
  "client_name",
  "prefer_ipv6",
  "state_kind",
  "state_reason",
  "client_id",
] as const;

const COLUMNS = [...SPEC_COLUMNS, ...LIMIT_COLUMNS];
const UPDATED_COLUMNS = COLUMNS.filter((column) => column !== "id" && column !== "created_at");

/** Not `INSERT OR REPLACE`: that deletes the row first. */
const UPSERT = `
  INSERT INTO rules (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})
  ON CONFLICT (id) DO UPDATE SET
    ${UPDATED_COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ")}
`;

const STATE_KINDS: readonly RuleState["kind"][] = ["pending", "active", "failed", "removed"];

export class RuleRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Every rule by ascending id. `skipped` counts rows without a client: releases that kept none
   * left them behind, and nobody can run them.
   */
  loadAll(): { readonly rules: StoredRule[]; readonly skipped: number } {
    const { db } = this.#store;
    return this.#store.read(() => {
      const targets = Map.groupBy(
        db.all("SELECT * FROM rule_targets ORDER BY rule_id, idx"),
        (columns) => columns.rule_id,
      );
      const rows = db.all("SELECT * FROM rules ORDER BY id");
      const rules = rows
        .filter((columns) => columns.client_id !== null && columns.client_name !== null)
        .map((columns) => toRule(columns, targets.get(columns.id ?? null) ?? []));
      return { rules, skipped: rows.length - rules.length };
    });
  }

  /** The largest id that is stored, skipped rows included; `null` when there is no rule. */
  maxId(): bigint | null {
    const { id } = this.#store.db.get("SELECT max(id) AS id FROM rules") ?? {};
    return typeof id === "bigint" ? id : null;
  }

  /**
   * Inserts or replaces a rule and its list of targets, in one transaction with what `alongside`
   * writes. The time of creation never changes.
   *
   * @throws {StoreError} `conflict` when the owner does not exist or a value is out of range
   */
  upsert(rule: StoredRule, alongside: () => void = () => undefined): void {
    const { db } = this.#store;
    const values = toColumns(rule);
    this.#store.write(() => {
      db.run(UPSERT, ...COLUMNS.map((column) => values[column]));
      db.run("DELETE FROM rule_targets WHERE rule_id = ?", rule.id);
      for (const [idx, { host, port, priority, proxyProtocol }] of rule.targets.entries()) {
        db.run(
          `INSERT INTO rule_targets (rule_id, idx, host, port, priority, proxy_protocol)
           VALUES (?, ?, ?, ?, ?, ?)`,
          rule.id,
          idx,
          host,
          port,
          priority,
          proxyProtocol,
        );
      }
      alongside();
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

  /** Groups several changes into one transaction; {@linkcode upsert} is one of its own. */
  transaction<T>(fn: () => T): T {
    return this.#store.write(fn);
  }
}

const reasonOf = (state: RuleState): string | null => state.kind === "failed" ? state.reason : null;

type RuleColumns = Record<typeof COLUMNS[number], SqlParameter>;

function toColumns(rule: StoredRule): RuleColumns {
  const { listen, targetPorts } = rule;
  return {
    id: rule.id,
    listen_port: listen.start,
    listen_port_end: listen.end === listen.start ? null : listen.end,
    target_host: rule.targetHost,
    target_port: targetPorts.start,
    target_port_end: targetPorts.end === targetPorts.start ? null : targetPorts.end,
    protocol: rule.protocol,
    owner_user_id: rule.ownerId,
    health_check_interval_secs: rule.healthCheckIntervalSecs,
    created_at: toStoreText(rule.createdAt),
    updated_at: toStoreText(rule.updatedAt),
    sni_pattern: rule.sniPattern,
    client_name: rule.clientName,
    prefer_ipv6: rule.preferIpv6 ? 1 : 0,
    state_kind: rule.state.kind,
    state_reason: reasonOf(rule.state),
    client_id: rule.clientId,
    ...limitsToColumns(rule.limits ?? {}),
  };
}

function toRule(columns: Columns, targets: readonly Columns[]): StoredRule {
  const row = new Row("rules", "id", columns);
  const listen = row.number("listen_port");
  const target = row.number("target_port");
  return {
    id: row.integer("id"),
    protocol: row.oneOf("protocol", PROTOCOLS),
    listen: { start: listen, end: row.numberOrNull("listen_port_end") ?? listen },
    targetHost: row.text("target_host"),
    targetPorts: { start: target, end: row.numberOrNull("target_port_end") ?? target },
    preferIpv6: row.integerOrNull("prefer_ipv6") === 1n,
    targets: targets.map(toTarget),
    healthCheckIntervalSecs: row.numberOrNull("health_check_interval_secs"),
    sniPattern: row.textOrNull("sni_pattern"),
    limits: toLimits(row),
    ownerId: row.text("owner_user_id"),
    clientId: row.text("client_id"),
    clientName: row.text("client_name"),
    state: toState(row),
    createdAt: row.instant("created_at"),
    updatedAt: row.instant("updated_at"),
  };
}

function toTarget(columns: Columns): RuleTarget {
  const row = new Row("rule_targets", "rule_id", columns);
  const proxy = row.textOrNull("proxy_protocol");
  return {
    host: row.text("host"),
    port: row.number("port"),
    priority: row.number("priority"),
    proxyProtocol: proxy === null ? null : row.oneOf("proxy_protocol", PROXY_VERSIONS),
  };
}

function toState(row: Row): RuleState {
  const kind = row.oneOf("state_kind", STATE_KINDS);
  return kind === "failed"
    ? { kind, reason: row.textOrNull("state_reason") ?? "unspecified" }
    : { kind };
}

function toLimits(row: Row): RateLimit | null {
  const limits = limitsFromRow(row);
  return hasCaps(limits) ? limits : null;
}
