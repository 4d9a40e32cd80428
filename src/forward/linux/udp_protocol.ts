/**
 * What the main thread and a Worker say to each other about UDP. The numbers go on from those of
 * `protocol.ts`.
 *
 * @module
 */

import type { UdpMemory } from "./udp_counts.ts";

/** To the Worker. */
export const UDP_COMMAND = {
  /**
   * listener, fd, meter of the rule, meter of its owner: receives on the socket, which stays the
   * main thread's.
   */
  listen: 32,
  /** listener: receives no more; answered by `unlistened`. */
  unlisten: 33,
  /** listener: receives again after `listenerFailed`. */
  resume: 34,
  /** flow, connected fd, whether the first reply is to be told: the fd is the Worker's from now on. */
  open: 35,
  /** flow: forgets it; its number may be used again. */
  end: 36,
  /** flow: receives again after `flowFailed`. */
  resumeFlow: 37,
  /** flow: there must be none now; drops its first datagram, and asks again if there is another. */
  refuse: 38,
  /** listener: receives no more, and still sends replies; answered by `retired`. */
  retire: 39,
} as const;

/** From the Worker. */
export const UDP_EVENT = {
  /** flow, listener, and `struct sockaddr` of the source in seven words: where does it go? */
  wanted: 32,
  /** listener. */
  unlistened: 33,
  /** listener, errno: pauses until `resume`. */
  listenerFailed: 34,
  /** flow, errno: pauses until `resumeFlow`. */
  flowFailed: 35,
  /** flow, errno, whether a receive said so: its target is gone, and its socket closed. */
  evicted: 36,
  /** flow: the first reply came. */
  answered: 37,
  /** flow, one of {@linkcode NOTICE}, errno: for the log; not told when there is much else. */
  notice: 38,
  /** listener. */
  retired: 39,
} as const;

/** What may be worth a line in the log. */
export const NOTICE = {
  pendingDrop: 0,
  tooBig: 1,
  upstreamWouldBlock: 2,
  replyWouldBlock: 3,
  replyFailed: 4,
} as const;

/** Sent once to a new Worker. */
export interface UdpStart extends UdpMemory {
  /** A secret: see `FlowTable`. */
  readonly seed: number;
}
