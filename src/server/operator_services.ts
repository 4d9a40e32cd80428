import { ulid } from "ulid";
import { AccessService } from "../control/access.ts";
import type { RuleService } from "../control/rules.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { Argon2Hasher } from "../identity/argon2_hasher.ts";
import { createIdentity } from "../identity/identity.ts";
import { Directory } from "../identity/directory.ts";
import type { ServerAccounts } from "../identity/local_identity_store.ts";
import type { Random } from "../system/random.ts";
import type { LiveConfig } from "./reload.ts";

export interface OperatorServicesOptions extends ServerAccounts {
  readonly live: LiveConfig;
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
  const hasher = stack.use(new Argon2Hasher(options.random));
  return {
    operators: new Directory(options),
    ...createIdentity({ ...options, hasher, newId: ulid }),
    access: new AccessService(options),
    publicOrigin: () => options.live.config.publicOrigin,
  };
}
