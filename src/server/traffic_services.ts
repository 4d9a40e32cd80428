import { ulid } from "ulid";
import { QuotaUpdates } from "../control/quota_updates.ts";
import { QuotaService } from "../control/quotas.ts";
import type { SessionRegistry } from "../control/registry.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { ClientRepository } from "../store/clients.ts";
import type { Store } from "../store/open.ts";
import { QuotaRepository } from "../store/quotas.ts";
import { BaselineRepository } from "../store/traffic_baselines.ts";
import { SampleRepository } from "../store/traffic_samples.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { TrafficAccounting } from "../traffic/accounting.ts";
import { TrafficHistory } from "../traffic/history.ts";
import { QuotaLedger } from "../traffic/quota_ledger.ts";
import { TrafficRollUp } from "../traffic/roll_up.ts";

export interface TrafficServicesOptions {
  readonly store: Store;
  readonly clients: ClientRepository;
  readonly registry: SessionRegistry;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Traffic and its quotas; what runs by itself ends with `stack`. */
export function createTrafficServices(
  stack: AsyncDisposableStack,
  options: TrafficServicesOptions,
) {
  const { store } = options;
  const quotas = new QuotaRepository(store);
  const samples = new SampleRepository(store);
  const baselines = new BaselineRepository(store);
  const updates = new QuotaUpdates({ ...options, quotas, newId: ulid });
  const ledger = stack.use(new QuotaLedger({ ...options, quotas, observer: updates }));
  stack.use(new TrafficRollUp({ ...options, samples }));
  return {
    quotas: new QuotaService({ ...options, ledger, updates }),
    quotaUpdates: updates,
    accounting: new TrafficAccounting({ ...options, baselines, samples, ledger }),
    history: new TrafficHistory({ ...options, samples }),
  };
}
