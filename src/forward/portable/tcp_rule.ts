/**
 * A running TCP rule: its listeners, its connections, its counters, its end.
 *
 * @module
 */

import { sleep } from "../../core/clock.ts";
import { errorText } from "../../core/errors.ts";
import { FORWARD } from "../../core/limits.ts";
import { mapPort } from "../../core/ports.ts";
import type { RateLimit } from "../../core/rate_limit.ts";
import type { RuleSpec } from "../../core/rule.ts";
import { noRuleCounters, type RuleCounters } from "../counters.ts";
import type { OpenOutcome } from "../forwarder.ts";
import type { Environment } from "./environment.ts";
import type { Listener, Socket } from "./net.ts";
import type { RunningRule } from "./running_rule.ts";
import { TcpConnection, type TcpPort } from "./tcp_connection.ts";

/** Forwards what comes in on listeners that are bound already. */
export class TcpRule implements RunningRule {
  readonly released: Promise<void>;
  readonly #ruleId: bigint;
  readonly #environment: Environment;
  readonly #listeners: readonly Listener[];
  /** By listen port, ascending. */
  readonly #ports: ReadonlyMap<number, TcpPort>;
  /** The connections that have not ended, with their tasks. */
  readonly #connections = new Map<TcpConnection, Promise<void>>();
  readonly #closing = new AbortController();
  #isCut = false;
  #dnsFailures = 0;
  #connectionsTotal = 0;

  /** @param listeners those of every port of the rule; they belong to it from now on */
  constructor(spec: RuleSpec, listeners: readonly Listener[], environment: Environment) {
    this.#ruleId = spec.id;
    this.#environment = environment;
    this.#listeners = listeners;
    this.#ports = this.#portsOf(spec);
    this.released = this.#accept();
  }

  counters(): RuleCounters {
    const perPort = [...this.#ports.values()].map((port) => ({
      listenPort: port.listenPort,
      bytesIn: BigInt(port.bytesIn),
      bytesOut: BigInt(port.bytesOut),
      activeConnections: port.activeConnections,
      datagramsIn: 0n,
      datagramsOut: 0n,
    }));
    return {
      ...noRuleCounters(this.#ruleId),
      bytesIn: perPort.reduce((sum, { bytesIn }) => sum + bytesIn, 0n),
      bytesOut: perPort.reduce((sum, { bytesOut }) => sum + bytesOut, 0n),
      activeConnections: perPort.reduce((sum, port) => sum + port.activeConnections, 0),
      connectionsTotal: BigInt(this.#connectionsTotal),
      perPort: perPort.length > 1 ? perPort : [],
      dnsFailures: BigInt(this.#dnsFailures),
    };
  }

  setLimits(limits: RateLimit | null): OpenOutcome {
    return limits === null ? { ok: true } : { ok: false, reason: "unsupported: limits" };
  }

  async close(drainMs: number): Promise<void> {
    this.#closing.abort();
    for (const listener of this.#listeners) listener[Symbol.dispose]();
    if (drainMs <= 0) this.#cut();
    using _deadline = this.#environment.clock.timer(drainMs, () => this.#cut());
    await this.released;
    await Promise.all(this.#connections.values());
  }

  #cut(): void {
    this.#isCut = true;
    for (const connection of this.#connections.keys()) connection.cut();
  }

  #portsOf(spec: RuleSpec): ReadonlyMap<number, TcpPort> {
    const ports = new Map<number, TcpPort>();
    for (let listenPort = spec.listen.start; listenPort <= spec.listen.end; listenPort++) {
      ports.set(listenPort, {
        listenPort,
        target: {
          ruleId: spec.id,
          host: spec.targetHost,
          port: mapPort(spec.listen, spec.targetPorts, listenPort),
          preferIpv6: spec.preferIpv6,
        },
        environment: this.#environment,
        onDnsFailure: () => this.#dnsFailures += 1,
        bytesIn: 0,
        bytesOut: 0,
        activeConnections: 0,
      });
    }
    return ports;
  }

  /** Resolves when the rule is closed and no `accept` is pending any more. */
  async #accept(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => this.#acceptFrom(listener)));
  }

  async #acceptFrom(listener: Listener): Promise<void> {
    const port = this.#ports.get(listener.addr.port);
    if (port === undefined) throw new RangeError(`Not a port of the rule: ${listener.addr.port}`);
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#serve(await listener.accept(), port);
      } catch (error) {
        if (!signal.aborted) await this.#acceptFailed(port, error);
      }
    }
  }

  /** What fails an accept passes (often descriptors that are used up): log, pause, go on. */
  async #acceptFailed({ listenPort }: TcpPort, error: unknown): Promise<void> {
    const { logger, clock } = this.#environment;
    logger.warn("rule.accept_error", {
      rule_id: `${this.#ruleId}`,
      listen_port: listenPort,
      error: errorText(error),
    });
    await sleep(clock, FORWARD.acceptRetryMs, this.#closing.signal).catch(() => undefined);
  }

  #serve(inbound: Socket, port: TcpPort): void {
    this.#connectionsTotal += 1;
    const connection = new TcpConnection(inbound, port);
    if (this.#isCut) connection.cut();
    const task = connection.run().finally(() => this.#connections.delete(connection));
    this.#connections.set(connection, task);
  }
}
