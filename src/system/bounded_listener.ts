/**
 * A listening port that cannot be filled up, whatever is spoken on it.
 *
 * The runtime's own servers accept whatever comes, and stop accepting for good when the process
 * runs out of descriptors. This accept loop outlives that, and bounds how many connections there
 * are: where there is no room for one more, the oldest that nobody is served on makes way, so that
 * connections which do nothing cannot keep out those which do.
 *
 * @module
 */

import { formatSocketAddress, type SocketAddress } from "../core/address.ts";
import { type Clock, sleep } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

export interface ConnectionLimits {
  readonly connectionsMax: number;
  /** Of these, how many one peer address may have. */
  readonly connectionsPerPeerMax: number;
}

/** What accepts: a listener of Deno's, or one around it. */
export interface Accepting<C> {
  accept(): Promise<C>;
  close(): void;
}

/** What was accepted, before anybody made something of it. */
export interface Accepted {
  readonly remoteAddr: Deno.Addr;
  close(): void;
}

/** A connection as its listener knows it. */
export interface Occupant {
  /** Address of the peer as the system says it. */
  readonly remoteAddress: string;
  /** Whether the peer is being served. Until then it may be asked to make room for another. */
  readonly busy: boolean;
  destroy(): void;
}

export interface BoundedListenerOptions<C extends Accepted, S extends Occupant> {
  readonly listener: Accepting<C>;
  /** Where it listens. */
  readonly address: SocketAddress;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes over a connection there is room for. Its end is told to {@linkcode BoundedListener.forget}. */
  readonly open: (conn: C) => S;
  /** Gets it once it is counted. */
  readonly onConnection: (connection: S) => void;
}

/** How long to wait after an accept that failed, out of descriptors for example. */
const ACCEPT_RETRY_MS = 50;
/** The same when a connection made way, whose descriptor is free in a moment. */
const DESCRIPTOR_FREED_MS = 1;
/** How often at most a line says that there is no room. */
const WARN_INTERVAL_MS = 60_000;

export class BoundedListener<C extends Accepted, S extends Occupant> {
  /** Where it listens. */
  readonly address: SocketAddress;
  readonly #options: BoundedListenerOptions<C, S>;
  /** Open connections, the oldest first. */
  readonly #connections = new Set<S>();
  readonly #perPeer = new Map<string, number>();
  readonly #accepting: Promise<void>;
  readonly #closing = new AbortController();
  #drained: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;
  #warnedMs = -Infinity;

  constructor(options: BoundedListenerOptions<C, S>) {
    this.#options = options;
    this.address = options.address;
    this.#accepting = this.#acceptAll();
  }

  /** Open connections, the oldest first. */
  get connections(): ReadonlySet<S> {
    return this.#connections;
  }

  /** Closes the port; connections go on. Resolves when the last of them has ended. */
  drain(): Promise<void> {
    return this.#drained ??= this.#drain();
  }

  /** Says that `connection` has ended. */
  forget(connection: S): void {
    if (!this.#connections.delete(connection)) return;
    const left = (this.#perPeer.get(connection.remoteAddress) ?? 1) - 1;
    if (left > 0) this.#perPeer.set(connection.remoteAddress, left);
    else this.#perPeer.delete(connection.remoteAddress);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  async #drain(): Promise<void> {
    this.#closing.abort();
    this.#options.listener.close();
    await this.#accepting;
    if (this.#connections.size > 0) await new Promise<void>((resolve) => this.#onEmpty = resolve);
  }

  async #acceptAll(): Promise<void> {
    const { signal } = this.#closing;
    const { listener } = this.#options;
    while (!signal.aborted) {
      const conn = await listener.accept().catch((error: unknown) => this.#onFailure(error));
      if (conn && signal.aborted) conn.close();
      else if (conn) this.#take(conn);
    }
  }

  async #onFailure(error: unknown): Promise<null> {
    const { signal } = this.#closing;
    // A peer that left before it was accepted is no trouble.
    if (signal.aborted || error instanceof Deno.errors.ConnectionAborted) return null;
    this.#warn(errorText(error));
    const pauseMs = this.#makeWay(() => true) ? DESCRIPTOR_FREED_MS : ACCEPT_RETRY_MS;
    await sleep(this.#options.clock, pauseMs, signal).catch(() => undefined);
    return null;
  }

  #take(conn: C): void {
    const { open, onConnection } = this.#options;
    const { remoteAddr } = conn;
    if (!("hostname" in remoteAddr) || !this.#hasRoomFor(remoteAddr.hostname)) return conn.close();
    const connection = open(conn);
    const { remoteAddress: peer } = connection;
    this.#connections.add(connection);
    this.#perPeer.set(peer, (this.#perPeer.get(peer) ?? 0) + 1);
    onConnection(connection);
  }

  /** Whether there is room for one more of `peer`; somebody may have to make way for it. */
  #hasRoomFor(peer: string): boolean {
    const { connectionsMax, connectionsPerPeerMax } = this.#options.limits;
    if ((this.#perPeer.get(peer) ?? 0) >= connectionsPerPeerMax) {
      this.#warn(`${connectionsPerPeerMax} connections of ${peer}`);
      return this.#makeWay(({ remoteAddress }) => remoteAddress === peer);
    }
    if (this.#connections.size < connectionsMax) return true;
    this.#warn(`${connectionsMax} connections`);
    return this.#makeWay(() => true);
  }

  /** A flood of connections must not become one of lines. */
  #warn(reason: string): void {
    const { clock, logger } = this.#options;
    const nowMs = clock.monotonic();
    if (nowMs - this.#warnedMs < WARN_INTERVAL_MS) return;
    this.#warnedMs = nowMs;
    logger.warn("listener.full", { listener: formatSocketAddress(this.address), reason });
  }

  /** Ends the oldest of `candidates` that is not busy. Whether there was one. */
  #makeWay(candidates: (connection: S) => boolean): boolean {
    const victim = this.#connections.values().find((it) => !it.busy && candidates(it));
    victim?.destroy();
    if (victim) this.forget(victim);
    return victim !== undefined;
  }
}
