/**
 * A listening TCP port that cannot be filled up.
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
import { TcpSocket } from "./tcp_socket.ts";

export interface ConnectionLimits {
  readonly connectionsMax: number;
  /** Of these, how many one peer address may have. */
  readonly connectionsPerPeerMax: number;
}

export interface TcpListenerOptions {
  /** An IP address, and a port; port 0 lets the system choose. */
  readonly listen: SocketAddress;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gets every connection there is room for. */
  readonly onConnection: (socket: TcpSocket) => void;
}

/** How long to wait after an accept that failed, out of descriptors for example. */
const ACCEPT_RETRY_MS = 50;
/** The same when a connection made way, whose descriptor is free in a moment. */
const DESCRIPTOR_FREED_MS = 1;
/** How often at most a line says that there is no room. */
const WARN_INTERVAL_MS = 60_000;

export class TcpListener {
  /** Where it listens, with the port that was chosen. */
  readonly address: SocketAddress;
  readonly #options: TcpListenerOptions;
  readonly #listener: Deno.TcpListener;
  /** Open connections, the oldest first. */
  readonly #sockets = new Set<TcpSocket>();
  readonly #perPeer = new Map<string, number>();
  readonly #accepting: Promise<void>;
  readonly #closing = new AbortController();
  #drained: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;
  #warnedMs = -Infinity;

  /** @throws what the system says when the address cannot be bound */
  constructor(options: TcpListenerOptions) {
    this.#options = options;
    const { host, port } = options.listen;
    this.#listener = Deno.listen({ hostname: host, port });
    const { hostname, port: bound } = this.#listener.addr;
    this.address = { host: hostname, port: bound };
    this.#accepting = this.#acceptAll();
  }

  /** Open connections, the oldest first. */
  get sockets(): ReadonlySet<TcpSocket> {
    return this.#sockets;
  }

  /** Closes the port; connections go on. Resolves when the last of them has ended. */
  drain(): Promise<void> {
    return this.#drained ??= this.#drain();
  }

  async #drain(): Promise<void> {
    this.#closing.abort();
    this.#listener.close();
    await this.#accepting;
    if (this.#sockets.size > 0) await new Promise<void>((resolve) => this.#onEmpty = resolve);
  }

  async #acceptAll(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const conn = await this.#listener.accept().catch((error: unknown) => this.#onFailure(error));
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

  #take(conn: Deno.TcpConn): void {
    const { clock, onConnection } = this.#options;
    if (!this.#hasRoomFor(conn.remoteAddr.hostname)) return conn.close();
    const socket = new TcpSocket(conn, clock);
    const { remoteAddress: peer } = socket;
    this.#sockets.add(socket);
    this.#perPeer.set(peer, (this.#perPeer.get(peer) ?? 0) + 1);
    socket.once("close", () => this.#forget(socket));
    onConnection(socket);
  }

  /** Whether there is room for one more of `peer`; somebody may have to make way for it. */
  #hasRoomFor(peer: string): boolean {
    const { connectionsMax, connectionsPerPeerMax } = this.#options.limits;
    if ((this.#perPeer.get(peer) ?? 0) >= connectionsPerPeerMax) {
      this.#warn(`${connectionsPerPeerMax} connections of ${peer}`);
      return this.#makeWay(({ remoteAddress }) => remoteAddress === peer);
    }
    if (this.#sockets.size < connectionsMax) return true;
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
  #makeWay(candidates: (socket: TcpSocket) => boolean): boolean {
    const victim = this.#sockets.values().find((it) => !it.busy && candidates(it));
    victim?.destroy();
    if (victim) this.#forget(victim);
    return victim !== undefined;
  }

  #forget(socket: TcpSocket): void {
    if (!this.#sockets.delete(socket)) return;
    const left = (this.#perPeer.get(socket.remoteAddress) ?? 1) - 1;
    if (left > 0) this.#perPeer.set(socket.remoteAddress, left);
    else this.#perPeer.delete(socket.remoteAddress);
    if (this.#sockets.size === 0) this.#onEmpty?.();
  }
}
