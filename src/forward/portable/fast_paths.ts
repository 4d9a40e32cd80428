/**
 * Which connections of a rule need nobody to ask, and what became of them.
 *
 * @module
 */

import { hostLiteral, isIp } from "../../core/address.ts";
import { Exhaustion } from "./exhaustion.ts";
import type { Endpoint, FastPath, FastPathTotals, Listener, Socket } from "./net.ts";
import type { TrackedTarget } from "./rule_targets.ts";
import { closedLevel, logClosed, logError } from "./tcp_connection.ts";
import type { TcpContext, TcpPort } from "./tcp_context.ts";
import type { FirstDial } from "./tcp_upstream.ts";

/** A listener of a rule, and what it counts for. */
export interface FastListener {
  readonly listener: Listener;
  readonly port: TcpPort;
}

/** Gets the connections that a fast path can't serve. */
export type HandOver = (inbound: Socket, port: TcpPort, first: FirstDial) => void;

/** A path that is open, or whose connections have not ended. */
interface Open {
  readonly port: TcpPort;
  readonly target: TrackedTarget;
  readonly path: FastPath;
  readonly counting: readonly Disposable[];
  counted: FastPathTotals;
}

const NOTHING: FastPathTotals = { admitted: 0, active: 0, bytesIn: 0, bytesOut: 0 };

/**
 * A connection takes a fast path where all is known beforehand: caps let everybody in, and the
 * first target is healthy, an IP literal, and wants no PROXY header. Whenever any of that changes,
 * so do the paths; connections that are on one stay.
 */
export class FastPaths {
  readonly #context: TcpContext;
  readonly #listeners: readonly FastListener[];
  readonly #handOver: HandOver;
  readonly #current = new Map<Listener, Open>();
  readonly #open = new Set<Open>();
  readonly #closing = new Set<Promise<void>>();
  readonly #watches: readonly Disposable[];
  readonly #exhaustion: Exhaustion | null;
  #isStopped = false;
  #admitted = 0;

  constructor(context: TcpContext, listeners: readonly FastListener[], handOver: HandOver) {
    this.#context = context;
    this.#listeners = listeners.filter(({ listener }) => listener.fastPath !== undefined);
    this.#handOver = handOver;
    const { policy, environment: { clock }, targets } = context;
    if (this.#listeners.length > 0) targets.onChange = () => this.#update();
    const isUsed = this.#listeners.length > 0;
    this.#watches = isUsed
      ? policy.limiters.map((limiter) => limiter.watch(() => this.#update()))
      : [];
    this.#exhaustion = isUsed ? new Exhaustion(policy, clock, (reason) => this.cut(reason)) : null;
    this.#update();
  }

  /** Connections that reached their target on a fast path, as last counted. */
  get admitted(): number {
    return this.#admitted;
  }

  /** Brings the counters of the ports and targets up to date. */
  count(): void {
    for (const { port } of this.#listeners) port.fastConnections = 0;
    for (const open of this.#open) this.#settle(open);
  }

  /** Sends nothing along fast paths any more; those that are on one stay. */
  stop(): void {
    this.#isStopped = true;
    this.#update();
    this.#context.targets.onChange = null;
    for (const watch of this.#watches) watch[Symbol.dispose]();
  }

  /** Ends the connections that are on a fast path. */
  cut(reason: unknown): void {
    for (const { path } of this.#open) path.cut(reason);
  }

  /** Resolves, after `stop`, when the last connection has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#closing);
    // Not before: a quota ends what is silent on a path that takes nobody any more, too.
    this.#exhaustion?.[Symbol.dispose]();
  }

  #update(): void {
    for (const it of this.#listeners) this.#updateOne(it);
  }

  #updateOne({ listener, port }: FastListener): void {
    const current = this.#current.get(listener);
    const target = this.#isStopped ? null : this.#targetFor(port);
    if (current?.target === target) return;
    this.#current.delete(listener);
    const opened = target === null ? null : this.#openTo(target, listener, port);
    if (opened !== null) this.#current.set(listener, opened);
    if (current !== undefined) this.#close(current);
  }

  /** Where everything that comes in on `port` can go; `null` when somebody has to look. */
  #targetFor(port: TcpPort): TrackedTarget | null {
    const { policy, targets } = this.#context;
    const [first] = targets.order(port.targetPort);
    const isPlain = first !== undefined && first.isHealthy && first.proxyProtocol === null &&
      isIp(hostLiteral(first.host));
    return isPlain && policy.limiters.every(({ admitsAll }) => admitsAll) ? first : null;
  }

  #openTo(target: TrackedTarget, listener: Listener, port: TcpPort): Open | null {
    const { policy, environment: { logger } } = this.#context;
    const endpoint: Endpoint = { hostname: hostLiteral(target.host), port: target.port };
    const path = listener.fastPath?.({
      target: endpoint,
      policy,
      tellsEnds: logger.enabled(closedLevel(this.#context)),
      handedOver: (inbound, dialing) => {
        this.count();
        this.#handOver(inbound, port, { target, dialing });
      },
      ended: ({ peer, error, ...bytes }) => {
        if (error === null) logClosed(port, { remoteAddr: peer }, bytes);
        else logError(port, { remoteAddr: peer }, error);
      },
    });
    if (path === undefined || path === null) return null;
    const active = () => path.totals().active;
    const counting = policy.limiters.map((limiter) => limiter.include(active));
    const open: Open = { port, target, path, counting, counted: NOTHING };
    this.#open.add(open);
    return open;
  }

  #close(open: Open): void {
    const closing = open.path.close().then(() => {
      this.#settle(open);
      this.#open.delete(open);
      for (const it of open.counting) it[Symbol.dispose]();
      this.#closing.delete(closing);
    });
    this.#closing.add(closing);
  }

  /** Counts what went along a path since the last time. */
  #settle(open: Open): void {
    const { port, target, counted } = open;
    const totals = open.path.totals();
    open.counted = totals;
    const admitted = totals.admitted - counted.admitted;
    if (admitted > 0) target.dialed(admitted);
    this.#admitted += admitted;
    port.fastConnections += totals.active;
    const bytesIn = totals.bytesIn - counted.bytesIn;
    const bytesOut = totals.bytesOut - counted.bytesOut;
    port.bytesIn += bytesIn;
    port.bytesOut += bytesOut;
    if (bytesIn > 0) target.countIn(bytesIn);
    if (bytesOut > 0) target.countOut(bytesOut);
  }
}
