/**
 * A running TCP rule: its listeners, its connections, its counters, its end.
 *
 * @module
 */

import { errorText } from "../../core/errors.ts";
import { mapPort } from "../../core/ports.ts";
import type { RateLimit } from "../../core/rate_limit.ts";
import type { RuleSpec } from "../../core/rule.ts";
import { noRuleCounters, type RuleCounters } from "../counters.ts";
import type { OpenOutcome } from "../forwarder.ts";
import { Limiter } from "../policy/limiter.ts";
import type { Owner } from "../policy/owners.ts";
import { TrafficPolicy } from "../policy/traffic_policy.ts";
import { type AcceptHandler, Acceptor } from "./acceptor.ts";
import type { Environment } from "./environment.ts";
import { FastPaths } from "./fast_paths.ts";
import type { Listener, Socket } from "./net.ts";
import { LogGate } from "./log_gate.ts";
import { logEvent } from "./rule_log.ts";
import type { RuleTargets } from "./rule_targets.ts";
import type { RunningRule } from "./running_rule.ts";
import { probeTargets } from "./target_prober.ts";
import { type Inbound, logConnection, TcpConnection } from "./tcp_connection.ts";
import type { TcpContext, TcpPort } from "./tcp_context.ts";
import { abandon } from "./tcp_upstream.ts";

export interface TcpRuleOptions {
  readonly spec: RuleSpec;
  /** Those of every port of the rule, which has them from now on; none where it shares a port. */
  readonly listeners: readonly Listener[];
  readonly targets: RuleTargets;
  /** `null` for a rule that belongs to nobody. */
  readonly owner: Owner | null;
  readonly environment: Environment;
}

/** Forwards what comes in on listeners that are bound already. */
export class TcpRule implements RunningRule, AcceptHandler {
  readonly released: Promise<void>;
  readonly #limiter: Limiter;
  readonly #context: TcpContext;
  readonly #fastPaths: FastPaths;
  #acceptor: Acceptor | null;
  /** By listen port, ascending. */
  readonly #ports: ReadonlyMap<number, TcpPort>;
  /** The connections that have not ended. */
  readonly #connections = new Set<TcpConnection>();
  /** Resolved when there is none; made when somebody waits for that. */
  #emptied: PromiseWithResolvers<void> | null = null;
  readonly #probing: Promise<void>;
  readonly #closing = new AbortController();
  #isCut = false;
  #connectionsTotal = 0;

  constructor({ spec, listeners, targets, owner, environment }: TcpRuleOptions) {
    this.#limiter = new Limiter(environment.clock, "rule", environment.createMeter());
    this.#limiter.set(spec.limits);
    this.#context = {
      ruleId: spec.id,
      preferIpv6: spec.preferIpv6,
      environment,
      targets,
      isListed: spec.targets.length > 0,
      policy: new TrafficPolicy(this.#limiter, owner, "connection"),
      warnings: new LogGate(environment.clock),
      dnsFailures: 0,
    };
    this.#ports = portsOf(spec, this.#context);
    this.#probing = this.#probe(spec);
    const { clock } = environment;
    this.#fastPaths = new FastPaths(
      this.#context,
      listeners.map((listener) => ({ listener, port: this.#port(listener.addr.port) })),
      (inbound, port, first) => this.#admit({ inbound, port, preRead: null, first }),
    );
    this.#acceptor = listeners.length === 0 ? null : new Acceptor(listeners, clock, this);
    this.released = this.#acceptor?.released ?? Promise.resolve();
  }

  counters(): RuleCounters {
    this.#fastPaths.count();
    const perPort = [...this.#ports.values()].map((port) => ({
      listenPort: port.listenPort,
      bytesIn: BigInt(port.bytesIn),
      bytesOut: BigInt(port.bytesOut),
      activeConnections: port.activeConnections + port.fastConnections,
      datagramsIn: 0n,
      datagramsOut: 0n,
    }));
    const { ruleId, dnsFailures, targets } = this.#context;
    return {
      ...noRuleCounters(ruleId),
      bytesIn: perPort.reduce((sum, { bytesIn }) => sum + bytesIn, 0n),
      bytesOut: perPort.reduce((sum, { bytesOut }) => sum + bytesOut, 0n),
      activeConnections: perPort.reduce((sum, port) => sum + port.activeConnections, 0),
      connectionsTotal: BigInt(this.#connectionsTotal + this.#fastPaths.admitted),
      perPort: perPort.length > 1 ? perPort : [],
      dnsFailures: BigInt(dnsFailures),
      targetFailovers: targets.failovers,
      perTarget: targets.counters(),
      rateLimit: this.#limiter.counters(),
    };
  }

  setLimits(limits: RateLimit | null): OpenOutcome {
    this.#limiter.set(limits);
    return { ok: true };
  }

  retire(): Promise<void> {
    this.#acceptor?.retire();
    this.#fastPaths.stop();
    return this.released;
  }

  async close(drainMs: number): Promise<void> {
    this.#closing.abort();
    this.#fastPaths.stop();
    this.#acceptor?.close();
    if (drainMs <= 0) this.#cut();
    using _deadline = this.#context.environment.clock.timer(drainMs, () => this.#cut());
    await this.#acceptor?.released;
    await this.#probing;
    await this.#fastPaths.ended();
    if (this.#connections.size > 0) {
      this.#emptied ??= Promise.withResolvers();
      await this.#emptied.promise;
    }
    this.#limiter.meter[Symbol.dispose]();
  }

  #cut(): void {
    this.#isCut = true;
    this.#fastPaths.cut(new Error("proxy_cancelled"));
    for (const connection of this.#connections) connection.cut();
  }

  async #probe({ healthCheckIntervalSecs }: RuleSpec): Promise<void> {
    const { ruleId, preferIpv6, environment, targets } = this.#context;
    if (healthCheckIntervalSecs === null || targets.probed.length === 0) return;
    await probeTargets({
      ruleId,
      preferIpv6,
      targets: targets.probed,
      intervalMs: healthCheckIntervalSecs * 1_000,
      context: environment,
      signal: this.#closing.signal,
    });
  }

  accepted(inbound: Socket, listenPort: number): void {
    this.take(inbound, listenPort, null);
  }

  acceptFailed(listenPort: number, error: unknown): void {
    logEvent(this.#context, "warn", "rule.accept_error", {
      listen_port: listenPort,
      error: errorText(error),
    });
  }

  /**
   * Serves a connection that the caps let in, and closes any other at once.
   *
   * @param preRead what was read of it already, if anything; the target gets it first
   */
  take(inbound: Socket, listenPort: number, preRead: Uint8Array | null): void {
    this.#admit({ inbound, port: this.#port(listenPort), preRead, first: null });
  }

  #port(listenPort: number): TcpPort {
    const port = this.#ports.get(listenPort);
    if (port === undefined) throw new RangeError(`Not a port of the rule: ${listenPort}`);
    return port;
  }

  #admit(asking: Omit<Inbound, "hold">): void {
    const { inbound, port, preRead, first = null } = asking;
    const admission = this.#context.policy.admit();
    if (admission.ok) return this.#serve({ ...asking, hold: admission.hold });
    if (first !== null) void abandon(first);
    const { scope, reason } = admission;
    const rejected = preRead === null
      ? { event: "rule.rate_limit_reject", fields: { scope, reason } }
      : { event: "tls.rate_limit_reject", fields: { target: "tls_sni", scope, reason } };
    logConnection(port, inbound, { level: "debug", ...rejected });
    inbound[Symbol.dispose]();
  }

  /** Whether the rule listens on exactly this port by itself. */
  listensOn(listenPort: number): boolean {
    return this.#acceptor !== null && this.#ports.size === 1 && this.#ports.has(listenPort);
  }

  /** Gives the listeners away; the rule goes on with what it is handed. */
  detach(): Acceptor | null {
    const acceptor = this.#acceptor;
    this.#acceptor = null;
    this.#fastPaths.stop();
    return acceptor;
  }

  #serve(connecting: Inbound): void {
    this.#connectionsTotal += 1;
    const connection = new TcpConnection(connecting);
    this.#connections.add(connection);
    if (this.#isCut) connection.cut();
    void connection.run(this.#ended);
  }

  readonly #ended = (connection: TcpConnection): void => {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#emptied?.resolve();
  };
}

function portsOf(
  { listen, targetPorts }: RuleSpec,
  context: TcpContext,
): ReadonlyMap<number, TcpPort> {
  const ports = new Map<number, TcpPort>();
  for (let listenPort = listen.start; listenPort <= listen.end; listenPort++) {
    ports.set(listenPort, {
      listenPort,
      targetPort: mapPort(listen, targetPorts, listenPort),
      context,
      bytesIn: 0,
      bytesOut: 0,
      activeConnections: 0,
      fastConnections: 0,
    });
  }
  return ports;
}
