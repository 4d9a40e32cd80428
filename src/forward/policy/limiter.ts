/**
 * The caps of one scope: a rule, or everything of an owner.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { type RateLimit, REJECT_REASONS, type RejectReason } from "../../core/rate_limit.ts";
import type { RateLimitCounters } from "../counters.ts";
import { type Cell, type Direction, LocalCell, type Meter, type Refiller } from "./meter.ts";
import { type BucketSize, TokenBucket } from "./token_bucket.ts";

export type Scope = "owner" | "rule";

/** What is let in: a TCP connection or a UDP flow. */
export type Admitted = "connection" | "flow";

/**
 * Caps that may change at any time, or be absent. Whoever was let in counts until it is released,
 * with or without caps, so that a cap on concurrency knows of all.
 */
export class Limiter implements Refiller {
  readonly #clock: Clock;
  readonly #scope: Scope;
  /** Where the tokens of bandwidth caps are. */
  readonly meter: Meter;
  #limits: RateLimit | null = null;
  #in: TokenBucket | null = null;
  #out: TokenBucket | null = null;
  #admissions: TokenBucket | null = null;
  readonly #tickets = new LocalCell();
  #active = 0;
  /** What counts those that were let in elsewhere. */
  readonly #elsewhere = new Set<() => number>();
  readonly #watchers = new Set<() => void>();
  readonly #rejects = new Map<RejectReason, number>();
  #throttleMicrosIn = 0;
  #throttleMicrosOut = 0;

  constructor(clock: Clock, scope: Scope, meter: Meter) {
    this.#clock = clock;
    this.#scope = scope;
    this.meter = meter;
    meter.serve(this);
  }

  /** Replaces the caps; `null` lifts them. A cap that was there keeps its tokens. */
  set(limits: RateLimit | null): void {
    const { bandwidthInBps, bandwidthOutBps, newConnectionsPerSec } = limits ?? {};
    this.#limits = limits;
    const { in: tokensIn, out: tokensOut } = this.meter.tokens;
    const sizeIn = sizeOf(bandwidthInBps, limits?.bandwidthInBurst);
    const sizeOut = sizeOf(bandwidthOutBps, limits?.bandwidthOutBurst);
    const admissions = sizeOf(newConnectionsPerSec, limits?.newConnectionsBurst);
    this.#in = this.#resized(this.#in, sizeIn, tokensIn);
    this.#out = this.#resized(this.#out, sizeOut, tokensOut);
    this.#admissions = this.#resized(this.#admissions, admissions, this.#tickets);
    this.meter.cap("in", this.#in?.burst ?? null);
    this.meter.cap("out", this.#out?.burst ?? null);
    for (const changed of this.#watchers) changed();
  }

  /** Whether everybody is let in, so that nobody has to ask. */
  get admitsAll(): boolean {
    return this.#admissions === null && this.#limits?.concurrentConnections === undefined;
  }

  /** Calls `changed` after the caps were replaced, until disposed of. */
  watch(changed: () => void): Disposable {
    this.#watchers.add(changed);
    return { [Symbol.dispose]: () => void this.#watchers.delete(changed) };
  }

  /** Counts those who are let in without asking by `count`, until disposed of. */
  include(count: () => number): Disposable {
    this.#elsewhere.add(count);
    return { [Symbol.dispose]: () => void this.#elsewhere.delete(count) };
  }

  /** Lets one more in, to be released later, or says why not. A rejection is counted. */
  admit(what: Admitted): RejectReason | null {
    const reason = this.#rejection(what);
    if (reason === null) this.#active += 1;
    else this.#rejects.set(reason, (this.#rejects.get(reason) ?? 0) + 1);
    return reason;
  }

  /** One that was let in has ended, or was turned away by another scope. */
  release(): void {
    this.#active -= 1;
  }

  /** Bytes per second that may pass in `direction`; `null` without a cap. */
  rate(direction: Direction): number | null {
    return (direction === "in" ? this.#in : this.#out)?.rate ?? null;
  }

  /** The most bytes that may pass at once in `direction`. */
  burst(direction: Direction): number {
    return (direction === "in" ? this.#in : this.#out)?.burst ?? Infinity;
  }

  /**
   * Asks for `bytes` in `direction`.
   *
   * @returns 0 when they may pass now, else the microseconds until they may; nothing is spent then
   */
  acquire(direction: Direction, bytes: number): number {
    const bucket = direction === "in" ? this.#in : this.#out;
    return bucket === null ? 0 : bucket.acquire(bytes);
  }

  get fillMs(): number {
    return Math.min(this.#in?.fillMs ?? Infinity, this.#out?.fillMs ?? Infinity);
  }

  refill(): boolean {
    const isFull = this.#in?.fill() ?? true;
    return (this.#out?.fill() ?? true) && isFull;
  }

  /** Counts time that copying in `direction` waited for tokens. */
  throttled(direction: Direction, micros: number): void {
    if (direction === "in") this.#throttleMicrosIn += micros;
    else this.#throttleMicrosOut += micros;
  }

  /** `null` while there was nothing to count: caps that did nothing, or none. */
  counters(): RateLimitCounters | null {
    const activeConnections = this.#limits === null ? 0 : this.#all;
    const throttled = this.#throttleMicrosIn + this.#throttleMicrosOut;
    if (activeConnections === 0 && throttled === 0 && this.#rejects.size === 0) return null;
    const rejects = REJECT_REASONS.map((name) => [name, BigInt(this.#rejects.get(name) ?? 0)]);
    return {
      rejects: Object.fromEntries(rejects) as Record<RejectReason, bigint>,
      throttleMicrosIn: BigInt(this.#throttleMicrosIn),
      throttleMicrosOut: BigInt(this.#throttleMicrosOut),
      activeConnections,
    };
  }

  /** The rate is asked first; what it took is not given back when there are too many. */
  #rejection(what: Admitted): RejectReason | null {
    const isOwner = this.#scope === "owner";
    if (this.#admissions !== null && this.#admissions.acquire(1) > 0) {
      if (what === "flow") return isOwner ? "owner_udp_flow_rate" : "udp_flow_rate";
      return isOwner ? "owner_conn_rate" : "conn_rate";
    }
    const max = this.#limits?.concurrentConnections ?? Infinity;
    if (this.#all < max) return null;
    return isOwner ? "owner_concurrent" : "conn_concurrent";
  }

  get #all(): number {
    return this.#elsewhere.values().reduce((sum, count) => sum + count(), this.#active);
  }

  #resized(
    bucket: TokenBucket | null,
    size: BucketSize | null,
    cell: Cell,
  ): TokenBucket | null {
    if (size === null) return null;
    if (bucket === null) return new TokenBucket(this.#clock, size, cell);
    bucket.resize(size);
    return bucket;
  }
}

/** `null` for a rate that is not capped. A burst is one second of its rate unless it is given. */
function sizeOf(
  rate: bigint | number | undefined,
  burst: bigint | number | undefined,
): BucketSize | null {
  return rate === undefined ? null : { rate: Number(rate), burst: Number(burst ?? rate) };
}
