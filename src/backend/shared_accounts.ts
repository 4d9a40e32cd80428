/**
 * Shared accounts as one server uses them: its grants and its setup token stay its own, and rows of
 * its store refer to users that are elsewhere.
 *
 * @module
 */

import { type Clock } from "../core/clock.ts";
import { errorText, PortunusError } from "../core/errors.ts";
import { SHARED_IDENTITY } from "../core/limits.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { Logger } from "../core/log.ts";
import type { BackendProbe, BackendStatus } from "../identity/backend_status.ts";
import type { Alongside } from "../identity/identity_store.ts";
import type { ServerAccounts } from "../identity/local_identity_store.ts";
import { StoreError } from "../store/database.ts";
import { IdentityTables } from "../store/identity_tables.ts";
import type { Store } from "../store/open.ts";
import type { BackendConfig, DatabaseConfig } from "./config.ts";
import type { SharedDatabase } from "./database.ts";
import { openSharedDatabase } from "./open.ts";
import { Replica } from "./replica.ts";
import { SharedIdentityStore } from "./shared_identity_store.ts";
import { sweepShared } from "./sweep.ts";

export interface SharedAccountsOptions {
  readonly store: Store;
  readonly backend: BackendConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class SharedAccounts implements BackendProbe, AsyncDisposable {
  readonly accounts: ServerAccounts;
  readonly #config: DatabaseConfig;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tables: IdentityTables;
  readonly #database: SharedDatabase;
  readonly #replica: Replica | null;
  readonly #identity: SharedIdentityStore;
  /** Local accounts that were seen among the shared ones. */
  readonly #seen = new Set<string>();

  private constructor(
    options: SharedAccountsOptions,
    database: SharedDatabase,
    replica: Replica | null,
  ) {
    const { store, backend, clock, logger } = options;
    this.#config = backend.database;
    this.#clock = clock;
    this.#logger = logger;
    this.#database = database;
    this.#replica = replica;
    const tables = new IdentityTables(store);
    this.#tables = tables;
    this.#identity = new SharedIdentityStore({
      database,
      maxUsers: backend.maxUsers,
      locally: (alongside, removedUser) => this.#locally(alongside, removedUser),
      copy: replica,
    });
    this.accounts = {
      store: this.#identity,
      grantRows: tables.grants,
      setupToken: tables.setupToken,
      invitationRows: tables.invitations,
      anchor: (userId) => this.#anchor(userId),
    };
  }

  /** @throws {PortunusError} `backend_connect`, `schema_version_too_new` */
  static async open(options: SharedAccountsOptions): Promise<SharedAccounts> {
    const { backend, logger } = options;
    for (const variable of backend.unresolved) {
      logger.warn("startup.backend_variable_unset", { variable });
    }
    const database = await openSharedDatabase(backend.database, options);
    using opened = new DisposableStack();
    opened.use(database);
    const replica = await openReplica(options, database);
    if (replica !== null) opened.use(replica);
    const shared = new SharedAccounts(options, database, replica);
    await shared.#warnOfLocalUsers(logger);
    opened.move();
    return shared;
  }

  async status(): Promise<BackendStatus> {
    const before = this.#clock.monotonic();
    const reachable = await this.#database.answers(SHARED_IDENTITY.probeTimeoutMs);
    return {
      backend: this.#config.kind,
      reachable,
      latencyMs: reachable ? Math.round((this.#clock.monotonic() - before) * 10) / 10 : null,
      connections: { inUse: this.#database.inUse, max: this.#config.maxConnections },
      failures: this.#database.health.failures,
      replica: this.#replica?.status() ?? null,
    };
  }

  /** What metrics show; asks nobody. */
  gauges(): {
    readonly backend: DatabaseConfig["kind"];
    readonly up: boolean;
    readonly inUse: number;
    readonly failures: BackendStatus["failures"];
    readonly replicaAgeSecs: number | null;
  } {
    const { health, inUse } = this.#database;
    const { up, failures } = health;
    return {
      backend: this.#config.kind,
      up,
      inUse,
      failures,
      replicaAgeSecs: this.#replica?.ageSecs ?? null,
    };
  }

  /**
   * Users that rows of this server still refer to, and who are users no more. Local accounts from
   * before the shared ones count only once they were seen among these.
   *
   * @throws {PortunusError} `identity_backend_unavailable`, `identity_backend_timeout`
   */
  async removedElsewhere(): Promise<readonly string[]> {
    const rows = await this.#database.read("SELECT user_id, role FROM portunus_users");
    const shared = new Set(rows.map((row) => String(row["user_id"])));
    // An empty or foreign database is no reason to remove everything.
    if (!rows.some((row) => row["role"] === "superadmin")) return [];
    const { users } = this.#tables;
    const anchors = new Set(users.anchors());
    const local = users.list().map(({ userId }) => userId);
    for (const userId of local) {
      if (shared.has(userId)) this.#seen.add(userId);
    }
    return local.filter((it) => !shared.has(it) && (anchors.has(it) || this.#seen.has(it)));
  }

  /** Deletes a user's rows here, and what belongs to them by foreign key. */
  forget(userId: string): void {
    this.#seen.delete(userId);
    this.#tables.users.delete(userId);
  }

  /** Brings the replica up to date, where there is one. */
  async sync(): Promise<void> {
    await this.#replica?.sync();
  }

  /** Deletes what in the database is over. */
  async sweep(): Promise<void> {
    await sweepShared(this.#database, instantFromMillis(this.#clock.now()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#identity[Symbol.asyncDispose]();
    this.#replica?.[Symbol.dispose]();
    this.#database[Symbol.dispose]();
  }

  /**
   * The accounts are written already, so nobody is told of a failure here: the sweep removes what
   * is left of a user, and a setup token is good for nothing once there is a superadmin.
   */
  #locally(alongside: Alongside, removedUser: string | null): void {
    try {
      this.#tables.write(() => {
        alongside();
        if (removedUser !== null) this.forget(removedUser);
      });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#logger.error("auth_backend.local_write_failed", { error: errorText(error) });
    }
  }

  /** A full disk keeps nobody out; only new rules and grants need the row. */
  #anchor(userId: string): void {
    try {
      const { users } = this.#tables;
      if (!users.has(userId)) users.insertAnchor(userId, instantFromMillis(this.#clock.now()));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }

  async #warnOfLocalUsers(logger: Logger): Promise<void> {
    const { users } = this.#tables;
    const anchors = new Set(users.anchors());
    const local = users.list().filter(({ userId }) => !anchors.has(userId)).length;
    if (local === 0) return;
    const [row] = await this.#database.read("SELECT count(*) AS n FROM portunus_users");
    if (Number(row?.["n"]) > 0) return;
    logger.warn("auth.backend_local_users_ignored", {
      users: local,
      hint: "portunus-server backend migrate-local copies them",
    });
  }
}

/** @throws {PortunusError} `backend_connect`: without a first copy there is no start */
async function openReplica(
  { backend, clock, logger }: SharedAccountsOptions,
  primary: SharedDatabase,
): Promise<Replica | null> {
  const { database } = backend;
  if (database.kind !== "libsql" || database.replicaPath === null) return null;
  const { replicaPath: path, syncIntervalMs: intervalMs } = database;
  try {
    return await Replica.open({ path, primary, intervalMs, clock, logger });
  } catch (error) {
    if (error instanceof PortunusError && error.code === "config_invalid") throw error;
    const detail = `backend=libsql replica: ${errorText(error)}`;
    throw new PortunusError("backend_connect", detail, { cause: error });
  }
}
