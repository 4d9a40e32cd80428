/**
 * The portable engine: forwarding with what Deno offers on every operating system.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { FORWARD } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import type { RateLimit } from "../../core/rate_limit.ts";
import type { RuleSpec } from "../../core/rule.ts";
import type { ForwarderCounters } from "../counters.ts";
import type { Closing, Forwarder, OpenOutcome, QuotaState, UdpSettings } from "../forwarder.ts";
import type { Resolver } from "../resolver.ts";
import { createSystemResolver } from "../system_resolver.ts";
import { LocalMeter } from "../policy/meter.ts";
import { Owners } from "../policy/owners.ts";
import { Acceptor } from "./acceptor.ts";
import { bindRange } from "./bind.ts";
import { CopyMemory } from "./buffer_pool.ts";
import type { Environment, UdpEnvironment } from "./environment.ts";
import { denoNet, type Net } from "./net.ts";
import { PacketPool } from "./packet.ts";
import type { RunningRule } from "./running_rule.ts";
import { SniPort } from "./sni_port.ts";
import { SniRule } from "./sni_rule.ts";
import { TcpRule } from "./tcp_rule.ts";
import { denoDatagrams } from "./udp_net.ts";
import { UdpRule } from "./udp_rule.ts";
import type { UdpTransport } from "./udp_transport.ts";
import { DatagramTransport } from "./datagram_transport.ts";
import { ListedTargets, SingleTarget } from "./rule_targets.ts";

/** Creates a forwarder that runs no rule yet. */
export function createPortableForwarder(
  {
    clock,
    logger,
    resolver = createSystemResolver({ clock }),
    net,
    udp = new DatagramTransport(denoDatagrams),
    createRelay,
    createMeter = () => new LocalMeter(),
  }: {
    readonly clock: Clock;
    readonly logger: Logger;
    /** @default the operating system's name service */
    readonly resolver?: Resolver;
    /** @default Deno's TCP sockets */
    readonly net?: Net;
    /** @default Deno's UDP sockets */
    readonly udp?: UdpTransport;
    /** Makes what moves bytes between two of `net`'s sockets. @default a `Relay` of this thread */
    readonly createRelay?: Environment["createRelay"];
    /** Makes what caps and quotas are kept in. @default a meter of this thread */
    readonly createMeter?: Environment["createMeter"];
  },
): Forwarder {
  const environment = {
    clock,
    logger,
    resolver,
    net: net ?? denoNet,
    datagrams: denoDatagrams,
    memory: new CopyMemory(),
    ...(createRelay && { createRelay }),
    packets: new PacketPool(),
    createMeter,
    owners: new Owners(clock, createMeter),
  };
  return new PortableForwarder(environment, udp);
}

class PortableForwarder implements Forwarder {
  /** Deno gives no descriptor away. */
  readonly succession = null;
  readonly #environment: UdpEnvironment;
  readonly #transport: UdpTransport;
  readonly #open = new Map<bigint, RunningRule>();
  /** Closed rules whose last connection has not ended. */
  readonly #draining = new Set<RunningRule>();
  #udp: UdpSettings = {
    flowsMax: FORWARD.udpFlowsMaxDefault,
    idleMs: FORWARD.udpIdleSecsDefault * 1_000,
  };
  readonly #sniPorts = new Set<SniPort>();
  #isShutDown = false;

  constructor(environment: UdpEnvironment, transport: UdpTransport) {
    this.#environment = environment;
    this.#transport = transport;
  }

  async open(rule: RuleSpec): Promise<OpenOutcome> {
    // A port that was just given up is bound until its pending accept has been told.
    await Promise.all([...this.#draining].map(({ released }) => released));
    this.#checkOpenable(rule.id);
    if (rule.protocol === "udp") return this.#openUdp(rule);
    const shared = this.#sniPortFor(rule);
    return shared === null ? this.#openTcp(rule) : this.#openSni(rule, shared);
  }

  setLimits(ruleId: bigint, limits: RateLimit | null): OpenOutcome {
    return this.#rule(ruleId).setLimits(limits);
  }

  close(ruleId: bigint, drainMs: number): Closing {
    const rule = this.#rule(ruleId);
    this.#open.delete(ruleId);
    return { released: rule.released, drained: this.#drain(rule, drainMs) };
  }

  setOwnerLimits(ownerId: string, limits: RateLimit | null): void {
    this.#environment.owners.get(ownerId).limiter.set(limits);
  }

  setQuota(ownerId: string, quota: QuotaState | null): void {
    this.#environment.owners.get(ownerId).quota.set(quota);
  }

  quota(ownerId: string): QuotaState | null {
    return this.#environment.owners.quota(ownerId);
  }

  setUdp(settings: UdpSettings): void {
    this.#udp = settings;
  }

  counters(): ForwarderCounters {
    const rules = [...this.#open.values()].map((rule) => rule.counters());
    const sniListeners = this.#livePorts().map((port) => port.counters());
    return { rules, sniListeners, owners: this.#environment.owners.counters() };
  }

  retire(drainMs: number): Closing {
    this.#isShutDown = true;
    const rules = [...this.#open.values()];
    const retired = Promise.all(rules.map((rule) => rule.retire()));
    const drain = async () => {
      await retired;
      await Promise.all(rules.map((rule) => this.#drain(rule, drainMs)));
    };
    return { released: retired.then(() => undefined), drained: drain() };
  }

  async shutdown(drainMs: number): Promise<void> {
    this.#isShutDown = true;
    const rules = [...this.#open.values(), ...this.#draining];
    this.#open.clear();
    await Promise.all(rules.map((rule) => this.#drain(rule, drainMs)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown(0);
  }

  #openTcp(spec: RuleSpec): OpenOutcome {
    const bound = bindRange(this.#environment.net, spec.listen);
    if (!bound.ok) return bound;
    const rule = new TcpRule({ ...this.#parts(spec), spec, listeners: bound.listeners });
    this.#open.set(spec.id, rule);
    return { ok: true };
  }

  /**
   * The port that a rule shares, or the reason why there is none; `null` for a rule that listens
   * by itself. A rule without a pattern that listens on the port already becomes its fallback:
   * rules may come in any order.
   */
  #sniPortFor(spec: RuleSpec): SniPort | string | null {
    const { start: listenPort, end } = spec.listen;
    const shared = this.#livePorts().find((port) => port.listenPort === listenPort);
    if (listenPort === end && shared !== undefined) return shared;
    if (spec.sniPattern === null) return null;
    return this.#adopt(listenPort) ?? this.#bindSniPort(spec);
  }

  #bindSniPort({ listen }: RuleSpec): SniPort | string {
    const bound = bindRange(this.#environment.net, listen);
    if (!bound.ok) return `bind_failed:${bound.reason}`;
    const nobody = { accepted: () => {}, acceptFailed: () => {} };
    const acceptor = new Acceptor(bound.listeners, this.#environment.clock, nobody);
    return this.#addSniPort(listen.start, acceptor);
  }

  /** Makes a shared port of one that a rule has for itself. */
  #adopt(listenPort: number): SniPort | null {
    for (const [ruleId, rule] of this.#open) {
      if (!(rule instanceof TcpRule) || !rule.listensOn(listenPort)) continue;
      const acceptor = rule.detach();
      if (acceptor === null) continue;
      const port = this.#addSniPort(listenPort, acceptor);
      this.#open.set(ruleId, new SniRule({ ruleId, pattern: null }, rule, port));
      return port;
    }
    return null;
  }

  #addSniPort(listenPort: number, acceptor: Acceptor): SniPort {
    const port = new SniPort(listenPort, acceptor, this.#environment);
    this.#sniPorts.add(port);
    return port;
  }

  #openSni(spec: RuleSpec, port: SniPort | string): OpenOutcome {
    if (typeof port === "string") return { ok: false, reason: port };
    const pattern = spec.sniPattern;
    if (!port.canJoin(pattern)) return { ok: false, reason: "mode_change_unsupported" };
    const rule = new TcpRule({ ...this.#parts(spec), spec, listeners: [] });
    this.#open.set(spec.id, new SniRule({ ruleId: spec.id, pattern }, rule, port));
    return { ok: true };
  }

  /** The shared ports that rules are on; the others are forgotten. */
  #livePorts(): SniPort[] {
    for (const port of this.#sniPorts) if (port.isEmpty) this.#sniPorts.delete(port);
    return [...this.#sniPorts];
  }

  #openUdp(spec: RuleSpec): OpenOutcome {
    const bound = this.#transport.bind(spec.listen);
    if (!bound.ok) return bound;
    const settings = this.#udp;
    const rule = new UdpRule({ ...this.#parts(spec), spec, settings, entrances: bound.listeners });
    this.#open.set(spec.id, rule);
    return { ok: true };
  }

  /** What rules of both protocols are made of. */
  #parts(spec: RuleSpec) {
    const { targets, targetHost, ownerId } = spec;
    const environment = this.#environment;
    return {
      targets: targets.length === 0
        ? new SingleTarget(targetHost)
        : new ListedTargets(spec, environment),
      owner: ownerId === null ? null : environment.owners.get(ownerId),
      environment,
    };
  }

  async #drain(rule: RunningRule, drainMs: number): Promise<void> {
    this.#draining.add(rule);
    await rule.close(drainMs);
    this.#draining.delete(rule);
  }

  #rule(ruleId: bigint): RunningRule {
    const rule = this.#open.get(ruleId);
    if (rule === undefined) throw new TypeError(`Cannot find an open rule ${ruleId}`);
    return rule;
  }

  #checkOpenable(ruleId: bigint): void {
    if (this.#isShutDown) {
      throw new TypeError(`Cannot open rule ${ruleId}: the forwarder is shut down`);
    }
    if (this.#open.has(ruleId)) {
      throw new TypeError(`Cannot open rule ${ruleId}: it is open already`);
    }
  }
}
