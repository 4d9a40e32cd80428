import { ulid } from "ulid";
import type { OpenAccounts } from "../backend/accounts.ts";
import { AccessService } from "../control/access.ts";
import type { RuleService } from "../control/rules.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { Argon2Hasher } from "../identity/argon2_hasher.ts";
import { createIdentity } from "../identity/identity.ts";
import { Directory } from "../identity/directory.ts";
import type { Random } from "../system/random.ts";
import { OwnerSweep } from "./owner_sweep.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { isSecure } from "./config.ts";
import type { LiveConfig } from "./reload.ts";

export interface OperatorServicesOptions {
  readonly live: LiveConfig;
  readonly opened: OpenAccounts;
  readonly rules: RuleService;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What the API needs of operators and their rights; what runs by itself ends with `stack`. */
export function createOperatorServices(
  stack: AsyncDisposableStack,
  options: OperatorServicesOptions,
) {
  const { metrics, clock, logger } = options;
  const { accounts, shared } = options.opened;
  const hasher = stack.use(new Argon2Hasher(options.random));
  const access = new AccessService({ ...options, ...accounts });
  if (shared !== null) {
    stack.use(new OwnerSweep({ shared, access, clock, logger }));
    metrics.onRender(() => metrics.setBackend(shared.gauges()));
  }
  return {
    operators: new Directory({ ...options, ...accounts }),
    ...createIdentity({ ...options, ...accounts, hasher, newId: ulid }),
    access,
    publicOrigin: () => options.live.config.publicOrigin,
    isSecure: () => isSecure(options.live.config),
  };
}
