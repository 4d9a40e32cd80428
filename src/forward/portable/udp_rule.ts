/**
 * A running UDP rule: its listeners, its flows, its counters, its end.
 *
 * @module
 */

import { FORWARD } from "../../core/limits.ts";
import { mapPort } from "../../core/ports.ts";
import type { RateLimit } from "../../core/rate_limit.ts";
import type { RuleSpec } from "../../core/rule.ts";
import { noRuleCounters, RULE_ERRORS, type RuleCounters, type RuleError } from "../counters.ts";
import type { OpenOutcome, UdpSettings } from "../forwarder.ts";
import { Limiter } from "../policy/limiter.ts";
import type { Owner } from "../policy/owners.ts";
import type { UdpEnvironment } from "./environment.ts";
import { LogGate } from "./log_gate.ts";
import type { RunningRule } from "./running_rule.ts";
import { probeTargets } from "./target_prober.ts";
import { logEvent } from "./rule_log.ts";
import type { UdpContext, UdpPort } from "./udp_context.ts";
import { type DatagramEndpoint, endpointText } from "./udp_net.ts";
import type { AdmittedFlow, Entrance, RuleFlow, RuleListener } from "./udp_transport.ts";
import { TrafficPolicy } from "../policy/traffic_policy.ts";
import type { RuleTargets } from "./rule_targets.ts";

/** What a UDP rule is made of. */
export interface UdpRuleOptions {
  readonly spec: RuleSpec;
  /** Those of every port of the rule; they belong to it from now on. */
  readonly entrances: readonly Entrance[];
  readonly settings: UdpSettings;
  readonly targets: RuleTargets;
  /** Whose caps and quota the rule is under; `null` for nobody's. */
  readonly owner: Owner | null;
  readonly environment: UdpEnvironment;
}

/** Forwards what comes in by entrances that are there already. */
export class UdpRule implements RunningRule {
  readonly released: Promise<void>;
  readonly #settings: UdpSettings;
  readonly #limiter: Limiter;
  readonly #context: UdpContext;
  readonly #closing = new AbortController();
  /** By listen port, ascending. */
  readonly #ports: ReadonlyMap<number, UdpPort>;
  readonly #listeners: readonly RuleListener[];
  /** The flows that have not ended; those count that look for their target, too. */
  readonly #flows = new Set<RuleFlow>();
  /** The tasks of flows, ended or not, and of health checks. */
  readonly #tasks = new Set<Promise<void>>();
  #reaper: Disposable | null = null;
  #flowsDroppedOverflow = 0;
  #isRetired = false;
  #onEmpty: () => void = () => undefined;

  constructor({ spec, entrances, settings, targets, owner, environment }: UdpRuleOptions) {
    this.#settings = settings;
    this.#limiter = new Limiter(environment.clock, "rule", environment.createMeter());
    this.#limiter.set(spec.limits);
    this.#context = {
      ruleId: spec.id,
      preferIpv6: spec.preferIpv6,
      environment,
      targets,
      policy: new TrafficPolicy(this.#limiter, owner, "flow"),
      queueBudget: { bytes: 0 },
      errors: noErrorNumbers(),
      warnings: new LogGate(environment.clock),
      dnsFailures: 0,
      closing: this.#closing.signal,
    };
    this.#ports = portsOf(spec);
    this.#listeners = entrances.map((entrance) => this.#listen(entrance));
    this.#logStarted(spec);
    this.#armReaper();
    this.#probe(spec);
    this.released = Promise.all(this.#listeners.map((listener) => listener.run())).then(() => {});
  }

  counters(): RuleCounters {
    const perPort = [...this.#ports.values()].map((port) => ({
      listenPort: port.listenPort,
      bytesIn: BigInt(port.bytesIn),
      bytesOut: BigInt(port.bytesOut),
      activeConnections: 0,
      datagramsIn: BigInt(port.datagramsIn),
      datagramsOut: BigInt(port.datagramsOut),
    }));
    const { ruleId, errors, dnsFailures, targets } = this.#context;
    return {
      ...noRuleCounters(ruleId),
      bytesIn: perPort.reduce((sum, { bytesIn }) => sum + bytesIn, 0n),
      bytesOut: perPort.reduce((sum, { bytesOut }) => sum + bytesOut, 0n),
      datagramsIn: perPort.reduce((sum, { datagramsIn }) => sum + datagramsIn, 0n),
      datagramsOut: perPort.reduce((sum, { datagramsOut }) => sum + datagramsOut, 0n),
      perPort: perPort.length > 1 ? perPort : [],
      dnsFailures: BigInt(dnsFailures),
      activeFlows: this.#flows.size,
      flowsDroppedOverflow: BigInt(this.#flowsDroppedOverflow),
      targetFailovers: targets.failovers,
      perTarget: targets.counters(),
      rateLimit: this.#limiter.counters(),
      errors: bigErrors(errors),
    };
  }

  setLimits(limits: RateLimit | null): OpenOutcome {
    this.#limiter.set(limits);
    return { ok: true };
  }

  async retire(): Promise<void> {
    this.#isRetired = true;
    this.#reaper?.[Symbol.dispose]();
    this.#armReaper();
    await Promise.all(this.#listeners.map((listener) => listener.retire?.()));
  }

  /**
   * A flow that nobody listens for any more is no use. But where another process listens, what
   * targets have to say to this one's flows is still theirs to get.
   */
  async close(drainMs = 0): Promise<void> {
    if (this.#isRetired && this.#flows.size > 0 && drainMs > 0) await this.#emptied(drainMs);
    if (!this.#closing.signal.aborted) this.#end();
    await this.released;
    await Promise.all(this.#tasks);
  }

  /** Resolves when the last flow has ended, or after `drainMs`. */
  async #emptied(drainMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _deadline = this.#context.environment.clock.timer(drainMs, resolve);
    this.#onEmpty = resolve;
    await promise;
  }

  #end(): void {
    this.#closing.abort();
    this.#reaper?.[Symbol.dispose]();
    for (const flow of this.#flows) flow.end();
    for (const listener of this.#listeners) listener[Symbol.dispose]();
    logEvent(this.#context, "info", "rule.deactivated", { protocol: "udp", reason: "cancelled" });
  }

  #listen(entrance: Entrance): RuleListener {
    const port = this.#ports.get(entrance.addr.port);
    if (port === undefined) throw new RangeError(`Not a port of the rule: ${entrance.addr.port}`);
    return entrance.serve({
      port,
      context: this.#context,
      openFlow: (source, { listenPort }, create) => this.#openFlow(source, listenPort, create),
    });
  }

  #openFlow<F extends RuleFlow>(
    source: DatagramEndpoint,
    listenPort: number,
    create: (admitted: AdmittedFlow) => F,
  ): F | null {
    const fields = () => ({ listen_port: listenPort, source: endpointText(source) });
    if (this.#flows.size >= this.#settings.flowsMax) {
      this.#flowsDroppedOverflow += 1;
      logEvent(this.#context, "warn", "rule.udp_flow_dropped_overflow", fields());
      return null;
    }
    const admission = this.#context.policy.admit();
    if (!admission.ok) {
      const { scope, reason } = admission;
      const why = { ...fields(), scope, reason };
      logEvent(this.#context, "warn", "rule.udp_first_packet_rejected", why);
      return null;
    }
    const flow = create({
      hold: admission.hold,
      onEnd: (flow) => {
        this.#flows.delete(flow);
        if (this.#flows.size === 0) this.#onEmpty();
      },
    });
    this.#flows.add(flow);
    // The task starts once the flow has its first datagram.
    const task = Promise.resolve().then(() => flow.run()).finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
    return flow;
  }

  #armReaper(): void {
    const idleMs = this.#isRetired ? FORWARD.udpRetiredIdleMs : this.#settings.idleMs;
    if (idleMs === 0) return;
    const { clock } = this.#context.environment;
    this.#reaper = clock.timer(Math.max(idleMs / 4, FORWARD.udpReaperMinMs), () => {
      const deadline = clock.monotonic() - idleMs;
      for (const flow of this.#flows) if (flow.isIdleSince(deadline)) flow.expire();
      this.#armReaper();
    });
  }

  #probe({ healthCheckIntervalSecs }: RuleSpec): void {
    const { ruleId, preferIpv6, environment, targets, closing } = this.#context;
    if (healthCheckIntervalSecs === null || targets.probed.length === 0) return;
    this.#tasks.add(probeTargets({
      ruleId,
      preferIpv6,
      targets: targets.probed,
      intervalMs: healthCheckIntervalSecs * 1_000,
      context: environment,
      signal: closing,
    }));
  }

  #logStarted({ listen }: RuleSpec): void {
    logEvent(this.#context, "info", "rule.udp_runtime_started", {
      listen_port_start: listen.start,
      listen_port_end: listen.end,
      range_size: this.#ports.size,
      rule_cap: this.#settings.flowsMax,
      cap_scope: "per_rule",
    });
  }
}

function portsOf({ listen, targetPorts }: RuleSpec): ReadonlyMap<number, UdpPort> {
  const ports = new Map<number, UdpPort>();
  for (let listenPort = listen.start; listenPort <= listen.end; listenPort++) {
    ports.set(listenPort, {
      listenPort,
      targetPort: mapPort(listen, targetPorts, listenPort),
      bytesIn: 0,
      bytesOut: 0,
      datagramsIn: 0,
      datagramsOut: 0,
    });
  }
  return ports;
}

function noErrorNumbers(): Record<RuleError, number> {
  return Object.fromEntries(RULE_ERRORS.map((name) => [name, 0])) as Record<RuleError, number>;
}

function bigErrors(errors: Readonly<Record<RuleError, number>>): Record<RuleError, bigint> {
  const entries = RULE_ERRORS.map((name) => [name, BigInt(errors[name])]);
  return Object.fromEntries(entries) as Record<RuleError, bigint>;
}
