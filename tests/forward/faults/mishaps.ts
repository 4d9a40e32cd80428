/**
 * What may go wrong in a system call.
 *
 * @module
 */

import { ERRNO } from "../../../src/forward/linux/native/errno.ts";
import type { Libc } from "../../../src/forward/linux/native/libc.ts";

/** A way for a call to go wrong; the call is not made, except as told. */
export interface Mishap {
  readonly call: Exclude<keyof Libc, "errno">;
  /**
   * The errno it fails with; `short` makes the call for a part of the bytes or events; `late` makes
   * it after some milliseconds.
   */
  readonly how: number | "short" | "late";
  /** The share of calls that it happens to. */
  readonly chance: number;
  /** How many calls in a row it happens to, at most. @default 1 */
  readonly storm?: number;
  /** How many calls are left alone first. @default 0 */
  readonly after?: number;
  /** How often it happens. @default as often as it comes */
  readonly times?: number;
}

/** Mishaps, and the seed of the dice. */
export interface FaultPlan {
  readonly seed: number;
  readonly mishaps: readonly Mishap[];
  /** How many Workers they happen to; all goes well in those that replace them. @default all */
  readonly workers?: number;
}

const { EAGAIN, ECONNABORTED, EINTR, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM } = ERRNO;

/** Those that nobody outside may notice. */
export const SURVIVABLE: readonly Mishap[] = [
  { call: "recv", how: "short", chance: 0.2 },
  { call: "recv", how: EAGAIN, chance: 0.03, storm: 20 },
  { call: "recv", how: EINTR, chance: 0.03 },
  { call: "recv", how: "late", chance: 0.001 },
  { call: "send", how: "short", chance: 0.2 },
  { call: "send", how: EAGAIN, chance: 0.03, storm: 20 },
  { call: "send", how: ENOBUFS, chance: 0.01 },
  { call: "send", how: EINTR, chance: 0.03 },
  { call: "send", how: "late", chance: 0.001 },
  { call: "recvmmsg", how: "short", chance: 0.2 },
  { call: "recvmmsg", how: EAGAIN, chance: 0.03, storm: 20 },
  { call: "recvmmsg", how: EINTR, chance: 0.05 },
  { call: "sendmmsg", how: "short", chance: 0.2 },
  { call: "sendmmsg", how: EINTR, chance: 0.05 },
  { call: "splice", how: "short", chance: 0.2 },
  { call: "splice", how: EAGAIN, chance: 0.1, storm: 5 },
  { call: "splice", how: EINTR, chance: 0.05 },
  { call: "splice", how: EINVAL, chance: 0.02 },
  { call: "pipe2", how: EMFILE, chance: 0.2 },
  { call: "pipe2", how: ENFILE, chance: 0.1 },
  { call: "pipe2", how: ENOMEM, chance: 0.1 },
  { call: "fcntl", how: EPERM, chance: 0.3 },
  { call: "accept4", how: EAGAIN, chance: 0.1, storm: 3 },
  { call: "accept4", how: EINTR, chance: 0.1 },
  { call: "accept4", how: ECONNABORTED, chance: 0.1 },
  { call: "accept4", how: "late", chance: 0.01 },
  { call: "read", how: EINTR, chance: 0.1 },
  { call: "close", how: EINTR, chance: 0.1 },
  { call: "epoll_wait", how: EINTR, chance: 0.05, storm: 10 },
  { call: "epoll_wait", how: "short", chance: 0.2 },
  { call: "epoll_wait", how: "late", chance: 0.002 },
  { call: "epoll_ctl", how: "late", chance: 0.002 },
];
