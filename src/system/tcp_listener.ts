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

import type { SocketAddress } from "../core/address.ts";
import { type Clock, sleep } from "../core/clock.ts";
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
  /** Gets every connection there is room for. */
  readonly onConnection: (socket: TcpSocket) => void;
}

/** How long to wait after an accept that failed, out of descriptors for example. */
const ACCEPT_RETRY_MS = 50;
/** The same when a connection made way, whose descriptor is free in a moment. */
const DESCRIPTOR_FREED_MS = 1;

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
  #onEmpty: (() => void) | null = null;

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
  async drain(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#listener.close();
    }
    await this.#accepting;
    if (this.#sockets.size > 0) await new Promise<void>((resolve) => this.#onEmpty = resolve);
  }

  async #acceptAll(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const conn = await this.#listener.accept();
        if (signal.aborted) return conn.close();
        this.#take(conn);
      } catch {
        if (signal.aborted) return;
        const pauseMs = this.#makeWay(() => true) ? DESCRIPTOR_FREED_MS : ACCEPT_RETRY_MS;
        await sleep(clock, pauseMs, signal).catch(() => undefined);
      }
    }
  }

  #take(conn: Deno.TcpConn): void {
    const { limits, clock, onConnection } = this.#options;
    const peer = conn.remoteAddr.hostname;
    const mine = this.#perPeer.get(peer) ?? 0;
    const room = (mine < limits.connectionsPerPeerMax ||
      this.#makeWay(({ remoteAddress }) => remoteAddress === peer)) &&
      (this.#sockets.size < limits.connectionsMax || this.#makeWay(() => true));
    if (!room) return conn.close();
    const socket = new TcpSocket(conn, clock);
    this.#sockets.add(socket);
    this.#perPeer.set(peer, (this.#perPeer.get(peer) ?? 0) + 1);
    socket.once("close", () => this.#forget(socket));
    onConnection(socket);
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
