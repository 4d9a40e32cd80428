/**
 * A fast path of a listener: one path at each Worker that accepts for it.
 *
 * @module
 */

import type { FastPath, FastPathPlan, FastPathTotals } from "../portable/net.ts";
import { continueDial, LinuxSocket, type SocketContext } from "./linux_socket.ts";
import { SystemError } from "./native/errno.ts";
import { decodeSockaddr, encodeSockaddr } from "./native/sockaddr.ts";
import type { HandedOver, PathEnd, PathSink, PathTotals } from "./path_registry.ts";
import type { PathDefinition } from "./paths.ts";
import { WAS_CUT, WORKER_GONE } from "./protocol.ts";
import { slotOf } from "./shared_meter.ts";

/** A listener at one Worker: its number there. */
export interface Accepting {
  readonly context: SocketContext;
  readonly listener: number;
}

/** Opens a path at every Worker; `null` when one of them has no room. */
export function openFastPath(plan: FastPathPlan, accepting: readonly Accepting[]): FastPath | null {
  const lanes: Lane[] = [];
  for (const at of accepting) {
    const lane = new Lane(plan, at);
    if (!lane.isOpen) {
      for (const other of lanes) void other.close();
      return null;
    }
    lanes.push(lane);
  }
  for (const lane of lanes) lane.use();
  return new LinuxFastPath(lanes);
}

class LinuxFastPath implements FastPath {
  readonly #lanes: readonly Lane[];

  constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
  }

  totals(): FastPathTotals {
    const sum = { admitted: 0, active: 0, bytesIn: 0, bytesOut: 0 };
    for (const lane of this.#lanes) {
      const { admitted, active, bytesIn, bytesOut } = lane.totals();
      sum.admitted += admitted;
      sum.active += active;
      sum.bytesIn += bytesIn;
      sum.bytesOut += bytesOut;
    }
    return sum;
  }

  cut(reason: unknown): void {
    for (const lane of this.#lanes) lane.cut(reason);
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

/** The path at one Worker. */
class Lane implements PathSink {
  readonly definition: PathDefinition;
  readonly #plan: FastPathPlan;
  readonly #context: SocketContext;
  readonly #listener: number;
  /** `null` when the Worker has no room. */
  readonly #path: number | null;
  readonly #closed = Promise.withResolvers<void>();
  /** What was counted in the end. */
  #last: PathTotals | null = null;
  #isClosing = false;
  #cutReason: unknown = null;

  constructor(plan: FastPathPlan, { context, listener }: Accepting) {
    const { rule, owner } = plan.policy.meters;
    this.definition = {
      rule: slotOf(rule),
      owner: slotOf(owner),
      tellsEnds: plan.tellsEnds,
      address: encodeSockaddr(plan.target),
    };
    this.#plan = plan;
    this.#context = context;
    this.#listener = listener;
    this.#path = context.link.addPath(this);
  }

  get isOpen(): boolean {
    return this.#path !== null;
  }

  /** Sends along the path what comes in from now on. */
  use(): void {
    if (this.#path !== null) this.#context.link.direct(this.#listener, this.#path);
  }

  totals(): PathTotals {
    if (this.#last !== null || this.#path === null) {
      return this.#last ?? { admitted: 0, active: 0, bytesIn: 0, bytesOut: 0 };
    }
    return this.#context.link.pathTotals(this.#path);
  }

  cut(reason: unknown): void {
    this.#cutReason = reason;
    if (this.#path !== null && this.#last === null) this.#context.link.cutPath(this.#path);
  }

  close(): Promise<void> {
    if (this.#path === null || this.#isClosing) return this.#closed.promise;
    this.#isClosing = true;
    this.#context.link.leavePath(this.#listener, this.#path);
    return this.#closed.promise;
  }

  handedOver({ outside, target, errno, peer }: HandedOver): void {
    const inbound = new LinuxSocket(outside, decodeSockaddr(peer), this.#context);
    const failure = errno === 0 ? null : new SystemError(errno);
    const socket = failure ?? new LinuxSocket(target, this.#plan.target, this.#context);
    this.#plan.handedOver(inbound, continueDial(socket));
  }

  ended({ errno, bytesIn, bytesOut, peer }: PathEnd): void {
    this.#plan.ended({
      peer: decodeSockaddr(peer),
      bytesIn,
      bytesOut,
      error: this.#errorOf(errno),
    });
  }

  closed(): void {
    this.#last = this.totals();
    this.#closed.resolve();
  }

  #errorOf(errno: number): unknown {
    if (errno === 0) return null;
    if (errno === WAS_CUT) return this.#cutReason;
    return errno === WORKER_GONE ? new Error("worker_crashed") : new SystemError(errno);
  }
}
