/**
 * Logins on protected hosts, put together.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { UserStore } from "../../identity/identity_store.ts";
import type { Random } from "../../system/random.ts";
import { Authorizer } from "./authorize.ts";
import { LoginGate } from "./gate.ts";
import { OneTimeCodes } from "./one_time_codes.ts";
import { loadSessionKey } from "./session_key.ts";
import { SiteSessions } from "./site_sessions.ts";
import { type ProtectedHosts, Visitors } from "./visitors.ts";

export interface SiteLoginsOptions {
  readonly dataDir: string;
  readonly hosts: ProtectedHosts;
  readonly accounts: Pick<UserStore, "account" | "passwordHash">;
  /** Where the Web UI is reached; without it nobody can log in. */
  readonly publicOrigin: () => string | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class SiteLogins {
  readonly authorizer: Authorizer;
  readonly #options: SiteLoginsOptions;
  readonly #codes: OneTimeCodes;
  readonly #visitors: Visitors;

  constructor(options: SiteLoginsOptions) {
    this.#options = options;
    this.#codes = new OneTimeCodes(options);
    this.#visitors = new Visitors({ store: options.accounts, clock: options.clock });
    this.authorizer = new Authorizer({
      codes: this.#codes,
      visitors: this.#visitors,
      hosts: options.hosts,
    });
  }

  /** The gate of every protected host. @throws {PortunusError} `config_invalid` for a bad key file */
  async gate(): Promise<LoginGate> {
    const { dataDir, random } = this.#options;
    const key = await loadSessionKey(dataDir, random);
    return new LoginGate({
      ...this.#options,
      codes: this.#codes,
      visitors: this.#visitors,
      sessions: new SiteSessions({ ...this.#options, key }),
    });
  }
}
