/**
 * The sockets under the portable engine. Only this file calls `Deno.listen` and `Deno.connect`.
 *
 * @module
 */

import { FORWARD } from "../../core/limits.ts";
import type { TrafficPolicy } from "../policy/traffic_policy.ts";

/** An IP literal without brackets, and a port. */
export interface Endpoint {
  readonly hostname: string;
  readonly port: number;
}

/** A connected TCP socket. Disposing closes it, again and again if need be. */
export interface Socket extends Disposable {
  readonly remoteAddr: Endpoint;
  /** The address of this host that the connection was made to, or from. */
  readonly localAddr: Endpoint;
  /** Reads into `buffer`; the number of bytes, or `null` at the end of the stream. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes a part of `data`, at least one byte of it; the number of bytes. */
  write(data: Uint8Array): Promise<number>;
  /** Sends the end of the stream; the other direction stays open. */
  closeWrite(): Promise<void>;
  /** Turns Nagle's algorithm off. */
  setNoDelay(): void;
}

/** Connections that a listener sends to their target by itself, with nobody asked. */
export interface FastPathPlan {
  readonly target: Endpoint;
  /** The meters of the policy hold for what goes through; it has to let in everybody. */
  readonly policy: TrafficPolicy;
  /** Whether ends that nothing went wrong at are told. */
  readonly tellsEnds: boolean;
  /** The target can't be had, or not at once: somebody else is to go on with the connection. */
  handedOver(inbound: Socket, dialing: Dialing): void;
  ended(end: FastPathEnd): void;
}

/** The end of a connection that took a fast path. */
export interface FastPathEnd {
  readonly peer: Endpoint;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** `null` when nothing went wrong. */
  readonly error: unknown;
}

/** What went along a fast path. */
export interface FastPathTotals {
  /** Connections that the target took. */
  readonly admitted: number;
  /** Connections that have not ended. */
  readonly active: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** A fast path, which its listener uses until it gets another or this one is closed. */
export interface FastPath {
  totals(): FastPathTotals;
  /** Ends its connections. */
  cut(reason: unknown): void;
  /** Takes no more connections. Resolves when the last one has ended. */
  close(): Promise<void>;
}

/**
 * A listening TCP socket. Disposing closes it; a pending `accept` rejects then, and the port is
 * free once it did.
 */
export interface Listener extends Disposable {
  readonly addr: Endpoint;
  accept(): Promise<Socket>;
  /**
   * Takes no more from the queue, which is left to another process that has the socket, too.
   * `accept` still gives what was taken from it, and rejects when that is all. Absent where no
   * other process can have it.
   */
  retire?(): void;
  /** Opens a fast path; `null` when there can't be another. Absent where there are none. */
  fastPath?(plan: FastPathPlan): FastPath | null;
}

/** A connection being made. */
export interface Dialing {
  readonly socket: Promise<Socket>;
  /**
   * Gives up. `socket` rejects soon, or, when the connection was just made, still resolves: it is
   * the caller's to close.
   */
  cancel(): void;
}

/** What the engine needs of an operating system. */
export interface Net {
  /** Listens at once, or throws an error whose `code` names the errno. */
  listen(endpoint: Endpoint): Listener;
  connect(endpoint: Endpoint): Dialing;
  /** Whether a listener on `::` takes IPv6 only. @default the system's setting decides */
  readonly separatesFamilies?: boolean;
}

/** Deno's TCP. */
export const denoNet: Net = {
  listen: (endpoint) => Deno.listen({ ...endpoint, tcpBacklog: FORWARD.listenBacklog }),
  connect(endpoint) {
    const { signal, cancel } = cancellation();
    return { socket: Deno.connect({ ...endpoint, signal }), cancel };
  },
};

/**
 * A signal for `Deno.connect`, and what fires it.
 *
 * When its signal fires between the connection being made and its promise resolving, `Deno.connect`
 * throws by `throwIfAborted` and leaves the socket open with nobody to close it. So the signal
 * does not throw: such a connection is returned, and the caller closes it.
 */
function cancellation(): { signal: AbortSignal; cancel: () => void } {
  const controller = new AbortController();
  controller.signal.throwIfAborted = () => {};
  return { signal: controller.signal, cancel: () => controller.abort() };
}
