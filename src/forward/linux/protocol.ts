/**
 * What the main thread and a Worker say to each other.
 *
 * @module
 */

import type { UdpStart } from "./udp_protocol.ts";

/** To the Worker. Parameters follow the kind in a record. */
export const COMMAND = {
  /** listener, fd: accepts on the socket, which stays the main thread's. */
  listen: 1,
  /** listener: accepts no more; answered by `unlistened`. */
  unlisten: 2,
  /** listener: accepts again after `acceptFailed`. */
  resume: 3,
  /** fd, token, epoll events: tells once when one of them is there. */
  watch: 4,
  /**
   * session, fd outside, fd of the target, meter of the rule, meter of its owner: relays; the
   * descriptors are the Worker's from now on.
   */
  relay: 5,
  /** session: closes both sockets; answered by `ended`. */
  cut: 6,
  /** Who waits for tokens may find some. */
  refilled: 7,
  /**
   * path, meter of the rule, meter of its owner, whether good ends are told, length of the
   * address, and `struct sockaddr` of the target in seven words.
   */
  path: 9,
  /** listener, path or {@linkcode NO_PATH}: connections go there, or to the main thread. */
  direct: 10,
  /** path: ends its sessions, with {@linkcode WAS_CUT}. */
  cutPath: 11,
  /** path: nothing comes in any more; answered by `pathClosed`. */
  closePath: 12,
  /** Returns from the loop; answered by `stopped`. */
  stop: 8,
  /**
   * listener: accepts what is there, and then no more; answered by `unlistened`. For a socket that
   * another process has, too: it was not called for what this one was called for.
   */
  retire: 13,
} as const;

/** From the Worker. */
export const EVENT = {
  /** listener, fd, and `struct sockaddr` of the peer in seven words. */
  accepted: 1,
  /** listener, errno: pauses until `resume`. */
  acceptFailed: 2,
  /** listener. */
  unlistened: 3,
  /** token, epoll events. */
  ready: 4,
  /** session, errno or 0: both sockets are closed. */
  ended: 5,
  stopped: 6,
  /** A lot of commands were taken: there is room for more. */
  room: 7,
  /** path, fd, fd of the target or -1, errno, and `struct sockaddr` of the peer in seven words. */
  handedOver: 10,
  /**
   * path, errno, bytes in and bytes out in two words each, and `struct sockaddr` of the peer in
   * seven words: a session of a path has ended. Good ends are told where that is asked for.
   */
  pathEnded: 11,
  /** path: its last session has ended. */
  pathClosed: 12,
  /** meter: tokens are being taken. */
  spending: 8,
  /** The first of all: the Worker runs. */
  started: 13,
  /** meter: little is left of its budget, or nothing. */
  low: 9,
} as const;

/** Stands for the errno of a session that ended with its Worker. */
export const WORKER_GONE = -1;
/** Stands for the errno of a session that was cut. */
export const WAS_CUT = -2;

/** Stands for the path of a listener whose connections the main thread gets. */
export const NO_PATH = -1;

/** Sent once to a new Worker. */
export interface Start {
  readonly commands: SharedArrayBuffer;
  readonly events: SharedArrayBuffer;
  readonly tallies: SharedArrayBuffer;
  readonly meters: SharedArrayBuffer;
  readonly udp: UdpStart;
  readonly pathCounts: SharedArrayBuffer;
  /** Whether each side sleeps, and has to be woken. */
  readonly sleeping: SharedArrayBuffer;
  /** The eventfd that wakes the Worker; it stays the main thread's. */
  readonly wakeFd: number;
  readonly splice: boolean;
}

/** Words of `sleeping`. */
export const WORKER_SLEEPS = 0;
export const MAIN_IS_CALLED = 1;
