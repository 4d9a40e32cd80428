/**
 * Where a server finds its accounts: in its own store, or in the database of `[backend]`, whose
 * code is loaded only then.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { type BackendProbe, embeddedBackend } from "../identity/backend_status.ts";
import { localAccounts, type ServerAccounts } from "../identity/local_identity_store.ts";
import type { Store } from "../store/open.ts";
import type { BackendConfig } from "./config.ts";
import type { SharedAccounts } from "./shared_accounts.ts";

/** Accounts, until they are disposed of. */
export interface OpenAccounts extends AsyncDisposable {
  readonly accounts: ServerAccounts;
  readonly probe: BackendProbe;
  /** What there is only with a shared database. */
  readonly shared: SharedAccounts | null;
}

export interface OpenAccountsOptions {
  readonly store: Store;
  /** `null` for accounts in `store`. */
  readonly backend: BackendConfig | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** @throws {PortunusError} `backend_connect`, `schema_version_too_new` */
export async function openAccounts(options: OpenAccountsOptions): Promise<OpenAccounts> {
  const { store, backend } = options;
  if (backend === null) {
    return {
      accounts: localAccounts(store),
      probe: embeddedBackend,
      shared: null,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const { SharedAccounts } = await import("./shared_accounts.ts");
  const shared = await SharedAccounts.open({ ...options, backend });
  return {
    accounts: shared.accounts,
    probe: shared,
    shared,
    [Symbol.asyncDispose]: () => shared[Symbol.asyncDispose](),
  };
}
