/**
 * Host names that lead to a rule (table `tunnels`). Deleting one gives its name free.
 *
 * @module
 */

import { toStoreText } from "../core/instant.ts";
import { PROXY_VERSIONS, type ProxyVersion } from "../core/rule.ts";
import { ACCESS_MODES, type AccessMode, TUNNEL_KINDS, type TunnelKind } from "../core/tunnel.ts";
import type { Columns, SqlParameter } from "./database.ts";
import type { Store } from "./open.ts";
import { Row } from "./row.ts";

/** How far a tunnel is. That it is disabled, or its rule gone, is told by other columns. */
export type TunnelProgress =
  | { readonly kind: "provisioning" }
  | { readonly kind: "active" }
  | { readonly kind: "failed"; readonly reason: string };

const PROGRESS: readonly TunnelProgress["kind"][] = ["provisioning", "active", "failed"];

export interface StoredTunnel {
  readonly tunnelId: string;
  readonly fqdn: string;
  /** The label below the domain, for tunnels that were given one. */
  readonly subdomain: string | null;
  readonly kind: TunnelKind;
  readonly clientId: string;
  /** Where the rule listens. */
  readonly listenPort: number;
  readonly targetHost: string;
  readonly targetPort: number;
  readonly proxyProtocol: ProxyVersion | null;
  readonly description: string | null;
  /** Who may come in; `null` for `passthrough`, where that is the target's business. */
  readonly access: AccessMode | null;
  readonly allowedUsers: readonly string[];
  readonly enabled: boolean;
  /** The rule, while there is one. */
  readonly ruleId: bigint | null;
  readonly progress: TunnelProgress;
  readonly ownerId: string;
  readonly createdAt: Temporal.Instant;
}

/** What of a tunnel may change. */
export type TunnelChange = Partial<
  Pick<
    StoredTunnel,
    "description" | "access" | "allowedUsers" | "enabled" | "ruleId" | "progress" | "listenPort"
  >
>;

const COLUMNS = [
  "tunnel_id",
  "fqdn",
  "subdomain",
  "kind",
  "client_id",
  "listen_port",
  "target_host",
  "target_port",
  "proxy_protocol",
  "description",
  "access",
  "allowed_users",
  "enabled",
  "rule_id",
  "state",
  "state_reason",
  "owner_user_id",
  "created_at",
  "updated_at",
] as const;

const UPDATED = COLUMNS.filter((column) => !["tunnel_id", "created_at"].includes(column));

export class TunnelRepository {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every tunnel, the newest first. */
  list(): StoredTunnel[] {
    return this.#store.db.all("SELECT * FROM tunnels ORDER BY created_at DESC, tunnel_id DESC")
      .map(toTunnel);
  }

  get(tunnelId: string): StoredTunnel | undefined {
    const row = this.#store.db.get("SELECT * FROM tunnels WHERE tunnel_id = ?", tunnelId);
    return row && toTunnel(row);
  }

  /** @throws {StoreError} `conflict` when the name is not reserved for it, or the owner is gone */
  insert(tunnel: StoredTunnel): void {
    const values = toColumns(tunnel, tunnel.createdAt);
    this.#store.db.run(
      `INSERT INTO tunnels (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`,
      ...COLUMNS.map((column) => values[column]),
    );
  }

  /** Changes a tunnel, if it is still there. */
  update(tunnelId: string, change: TunnelChange, now: Temporal.Instant): void {
    const tunnel = this.get(tunnelId);
    if (tunnel === undefined) return;
    const values = toColumns({ ...tunnel, ...change }, now);
    this.#store.db.run(
      `UPDATE tunnels SET ${UPDATED.map((it) => `${it} = ?`).join(", ")} WHERE tunnel_id = ?`,
      ...UPDATED.map((column) => values[column]),
      tunnelId,
    );
  }

  delete(tunnelId: string): void {
    this.#store.db.run("DELETE FROM tunnels WHERE tunnel_id = ?", tunnelId);
  }
}

function toColumns(
  tunnel: StoredTunnel,
  now: Temporal.Instant,
): Record<typeof COLUMNS[number], SqlParameter> {
  const { progress } = tunnel;
  return {
    tunnel_id: tunnel.tunnelId,
    fqdn: tunnel.fqdn,
    subdomain: tunnel.subdomain,
    kind: tunnel.kind,
    client_id: tunnel.clientId,
    listen_port: tunnel.listenPort,
    target_host: tunnel.targetHost,
    target_port: tunnel.targetPort,
    proxy_protocol: tunnel.proxyProtocol,
    description: tunnel.description,
    access: tunnel.access,
    allowed_users: JSON.stringify(tunnel.allowedUsers),
    enabled: tunnel.enabled ? 1 : 0,
    rule_id: tunnel.ruleId,
    state: progress.kind,
    state_reason: progress.kind === "failed" ? progress.reason : null,
    owner_user_id: tunnel.ownerId,
    created_at: toStoreText(tunnel.createdAt),
    updated_at: toStoreText(now),
  };
}

function toTunnel(columns: Columns): StoredTunnel {
  const row = new Row("tunnels", "tunnel_id", columns);
  const state = row.oneOf("state", PROGRESS);
  return {
    tunnelId: row.text("tunnel_id"),
    fqdn: row.text("fqdn"),
    subdomain: row.textOrNull("subdomain"),
    kind: row.oneOf("kind", TUNNEL_KINDS),
    clientId: row.text("client_id"),
    listenPort: row.number("listen_port"),
    targetHost: row.text("target_host"),
    targetPort: row.number("target_port"),
    proxyProtocol: row.textOrNull("proxy_protocol") === null
      ? null
      : row.oneOf("proxy_protocol", PROXY_VERSIONS),
    description: row.textOrNull("description"),
    access: row.textOrNull("access") === null ? null : row.oneOf("access", ACCESS_MODES),
    allowedUsers: JSON.parse(row.text("allowed_users")) as readonly string[],
    enabled: row.boolean("enabled"),
    ruleId: row.integerOrNull("rule_id"),
    progress: state === "failed"
      ? { kind: state, reason: row.textOrNull("state_reason") ?? "" }
      : { kind: state },
    ownerId: row.text("owner_user_id"),
    createdAt: row.instant("created_at"),
  };
}
