import { ulid } from "ulid";
import { AccessService } from "../control/access.ts";
import type { RuleService } from "../control/rules.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { Argon2Hasher } from "../identity/argon2_hasher.ts";
import { createIdentity } from "../identity/identity.ts";
import { LocalOperators } from "../identity/local_operators.ts";
import type { IdentityStore } from "../store/identity.ts";
import type { Random } from "../system/random.ts";
import type { LiveConfig } from "./reload.ts";

export interface OperatorServicesOptions {
  readonly live: LiveConfig;
  readonly operators: IdentityStore;
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
  const store = options.operators;
  const hasher = stack.use(new Argon2Hasher(options.random));
  return {
    operators: new LocalOperators(store, options.clock),
    ...createIdentity({ ...options, store, hasher, newId: ulid }),
    access: new AccessService({ ...options, store }),
    publicOrigin: () => options.live.config.publicOrigin,
  };
}
