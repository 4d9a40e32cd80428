/**
 * What operators are told about the place where accounts are kept.
 *
 * @module
 */

export const BACKENDS = ["embedded", "postgres", "mysql", "libsql"] as const;
export type BackendName = typeof BACKENDS[number];

/** The file that answers reads in the place of the database. */
export interface ReplicaStatus {
  /** When it was brought up to date last. */
  readonly syncedAt: Temporal.Instant;
  readonly ageSecs: number;
  /** How often that is tried; 0 for never. */
  readonly intervalSecs: number;
  /** Whether the last attempt failed. */
  readonly failing: boolean;
}

export interface BackendStatus {
  readonly backend: BackendName;
  readonly reachable: boolean;
  /** How long the answer to a query took, in milliseconds; `null` without one. */
  readonly latencyMs: number | null;
  /** Connections in use, and how many there may be; `null` for accounts in the server's store. */
  readonly connections: { readonly inUse: number; readonly max: number } | null;
  /** Statements that failed since the start. */
  readonly failures: { readonly unavailable: number; readonly timeout: number };
  readonly replica: ReplicaStatus | null;
}

/** Asks the place where accounts are kept how it is. */
export interface BackendProbe {
  status(): Promise<BackendStatus>;
}

/** Accounts in the server's own store, which has a check of its own. */
export const embeddedBackend: BackendProbe = {
  status: () =>
    Promise.resolve({
      backend: "embedded",
      reachable: true,
      latencyMs: null,
      connections: null,
      failures: { unavailable: 0, timeout: 0 },
      replica: null,
    }),
};
