import { ulid } from "ulid";
import { AccessService } from "../control/access.ts";
import type { RuleService } from "../control/rules.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { Argon2Hasher } from "../identity/argon2_hasher.ts";
import { createIdentity } from "../identity/identity.ts";
import { IdentityStore } from "../store/identity.ts";
import type { Store } from "../store/open.ts";
import type { Random } from "../system/random.ts";
import type { LiveConfig } from "./reload.ts";

export interface OperatorServicesOptions {
  readonly live: LiveConfig;
  readonly store: Store;
  readonly rules: RuleService;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What the API needs of operators and their rights; what runs by itself ends with `stack`. */
export function createOperatorServices(
  stack: AsyncDisposableStack,
  options: OperatorServicesOptions,
) {
  const store = new IdentityStore(options.store);
  const hasher = stack.use(new Argon2Hasher(options.random));
  return {
    ...createIdentity({ ...options, store, hasher, newId: ulid }),
    access: new AccessService({ ...options, store }),
    publicOrigin: () => options.live.config.publicOrigin,
  };
}
