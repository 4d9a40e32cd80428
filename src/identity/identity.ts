import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Random } from "../system/random.ts";
import { Accounts } from "./accounts.ts";
import { ApiCredentials } from "./api_credentials.ts";
import { Grants } from "./grants.ts";
import { Invitations } from "./invitations.ts";
import type { ServerAccounts } from "./local_identity_store.ts";
import { Onboarding } from "./onboarding.ts";
import type { PasswordHasher } from "./password_hasher.ts";
import { SecondFactor } from "./second_factor.ts";
import { Throttle } from "./throttle.ts";
import { WebSessions } from "./web_sessions.ts";

export interface IdentityOptions extends ServerAccounts {
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Makes a ULID. */
  readonly newId: () => string;
}

/** Everything the API asks about operators, beside who a bearer token belongs to. */
export interface Identity {
  readonly sessions: WebSessions;
  readonly onboarding: Onboarding;
  readonly accounts: Accounts;
  readonly credentials: ApiCredentials;
  readonly grants: Grants;
  readonly secondFactor: SecondFactor;
  readonly invitations: Invitations;
}

export function createIdentity(options: IdentityOptions): Identity {
  const throttle = new Throttle(options.store, options.clock);
  return {
    sessions: new WebSessions({ ...options, throttle }),
    onboarding: new Onboarding({ ...options, throttle }),
    accounts: new Accounts({ ...options, throttle }),
    credentials: new ApiCredentials(options),
    grants: new Grants(options),
    invitations: new Invitations({ ...options, throttle }),
    secondFactor: new SecondFactor({ ...options, throttle }),
  };
}
