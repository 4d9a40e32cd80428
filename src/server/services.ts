/**
 * The services behind the listeners, and who knows whom.
 *
 * @module
 */

import { ulid } from "ulid";
import { EventStreams } from "../api/event_streams.ts";
import { AdvertisedEndpoint } from "../control/advertised_endpoint.ts";
import { ClientService } from "../control/clients.ts";
import { ControlPlane } from "../control/control_plane.ts";
import { EnrollmentService, type ServerIdentity } from "../control/enrollment.ts";
import { OwnerCapService } from "../control/owner_caps.ts";
import { SessionRegistry } from "../control/registry.ts";
import { RuleService } from "../control/rules.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { ClientRepository } from "../store/clients.ts";
import { EnrollmentRepository } from "../store/enrollments.ts";
import { OwnerCapRepository } from "../store/owner_caps.ts";
import type { Store } from "../store/open.ts";
import { RuleRepository } from "../store/rules.ts";
import { SettingsRepository } from "../store/settings.ts";
import type { Random } from "../system/random.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { RuleStatsCache } from "../traffic/rule_stats.ts";
import type { LiveConfig } from "./reload.ts";
import { createTrafficServices } from "./traffic_services.ts";

export interface ServicesOptions {
  readonly live: LiveConfig;
  readonly store: Store;
  /** What enrollment tells clients about this server. */
  readonly identity: ServerIdentity;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Rules, and what lives and dies with them. */
function createRules(
  { live, store, metrics, clock, logger }: ServicesOptions,
  registry: SessionRegistry,
) {
  const stats = new RuleStatsCache({
    clock,
    metrics,
    ownerOf(ruleId, clientId) {
      const rule = rules.get(ruleId);
      return rule?.clientId === clientId ? rule.ownerId : undefined;
    },
    ownersOn: (clientId) => rules.ownersOn(clientId),
  });
  const ownerCaps = new OwnerCapService({
    caps: new OwnerCapRepository(store),
    clients: new ClientRepository(store),
    registry,
    ownersOn: (clientId): ReadonlyMap<string, number> => rules.ownersOn(clientId),
    clock,
    logger,
  });
  const rules = new RuleService({
    rules: new RuleRepository(store),
    registry,
    clock,
    logger,
    newId: ulid,
    get rangeMaxPorts() {
      return live.config.rangeRuleMaxPorts;
    },
    onRemoved: (rule) => stats.forget(rule),
    belongings: ownerCaps,
  });
  return { rules, ownerCaps, stats };
}

/** Everything that listeners call into; what runs by itself ends with `stack`. */
export function createServices(
  stack: AsyncDisposableStack,
  options: ServicesOptions,
) {
  const { live, store, identity, metrics, clock, random, logger } = options;
  const registry = new SessionRegistry(clock);
  const { rules, ownerCaps, stats } = createRules(options, registry);
  const clientRows = new ClientRepository(store);
  const clients = new ClientService({
    ...options,
    clients: clientRows,
    rules,
    registry,
    onRemoved: (clientId) => stats.forgetClient(clientId),
  });
  const traffic = createTrafficServices(stack, { ...options, clients: clientRows, registry });
  const settings = new SettingsRepository(store);
  const advertised = new AdvertisedEndpoint({ settings, server: identity });
  const enrollment = new EnrollmentService({
    clients: clientRows,
    enrollments: new EnrollmentRepository(store),
    settings,
    server: identity,
    clock,
    random,
    newId: ulid,
    logger,
    onRotated(clientId) {
      const disconnected = registry.disconnect(clientId);
      // An enrollment may bring another address.
      clients.moved(clientId);
      logger.info("client.enrollment_rotated", {
        client_name: clientRows.get(clientId)?.clientName,
        disconnected,
      });
    },
  });
  const controlPlane = new ControlPlane({
    clients: clientRows,
    enrollment,
    registry,
    rules,
    replay: { beforeRules: [traffic.quotaUpdates], afterRules: [ownerCaps] },
    stats,
    accounting: traffic.accounting,
    metrics,
    clock,
    logger,
    get udpFlowIdleSecs() {
      return live.config.udpFlowIdleSecs;
    },
    get udpMaxFlowsPerRule() {
      return live.config.udpMaxFlowsPerRule;
    },
  });
  const streams = new EventStreams({ clock, logger });
  return {
    registry,
    rules,
    ownerCaps,
    stats,
    streams,
    clients,
    advertised,
    enrollment,
    controlPlane,
    ...traffic,
  };
}
