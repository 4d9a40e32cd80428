/**
 * What went through each flow, and what was lost at each listener, counted by the Worker and read
 * by the main thread.
 *
 * @module
 */

import { CountRows } from "./count_rows.ts";
import { FLOWS_MAX } from "./udp_flow_table.ts";

/** Listening sockets of one Worker at a time. */
export const LISTENERS_MAX = 1 << 16;

/** New flows that wait for the main thread's word; more are dropped. */
export const ASKS_MAX = 1_024;

/** What is counted of a listener. The names are those of the rule's errors. */
export const LOSSES = [
  "emsgsize",
  "wouldblock",
  "addflow_dropped",
  "flows_pending_drops",
  "bandwidth_dropped_in",
  "bandwidth_dropped_out",
  "send_dropped",
] as const;
export type Loss = typeof LOSSES[number];
const LOSS_WORDS = 8;

const BYTES_IN = 0;
const BYTES_OUT = 1;
const DATAGRAMS_IN = 2;
const DATAGRAMS_OUT = 3;

/** A line of the processor's cache for each flow. */
const SHAPE = { counts: 4, words: 16 };

/** What a flow has moved. Exact up to 2^53. */
export interface FlowTotals {
  bytesIn: number;
  bytesOut: number;
  datagramsIn: number;
  datagramsOut: number;
}

/** The memory of {@linkcode UdpCounts}. */
export interface UdpMemory {
  readonly flows: SharedArrayBuffer;
  readonly losses: SharedArrayBuffer;
  /** How many asks the main thread has answered, modulo 2^32. */
  readonly answered: SharedArrayBuffer;
}

/**
 * The counts of a flow are open from before its datagrams are sent: whoever has seen one arrive
 * finds it counted. They are from zero on: the Worker clears them before the main thread hears of
 * the flow.
 */
export class UdpCounts {
  readonly #flows: CountRows;
  readonly #counts = new Float64Array(SHAPE.counts);
  readonly #losses: Int32Array<SharedArrayBuffer>;
  readonly #answered: Int32Array<SharedArrayBuffer>;
  #asked = 0;

  constructor({ flows, losses, answered }: UdpMemory) {
    this.#flows = new CountRows(flows, SHAPE);
    this.#losses = new Int32Array(losses);
    this.#answered = new Int32Array(answered);
  }

  static allocate(): UdpMemory {
    return {
      flows: CountRows.allocate(FLOWS_MAX, SHAPE),
      losses: new SharedArrayBuffer(4 * LOSS_WORDS * LISTENERS_MAX),
      answered: new SharedArrayBuffer(4),
    };
  }

  /** Whether the main thread may be asked for one more flow. For the Worker. */
  ask(): boolean {
    const waiting = (this.#asked - Atomics.load(this.#answered, 0)) | 0;
    if (waiting >= ASKS_MAX) return false;
    this.#asked = (this.#asked + 1) | 0;
    return true;
  }

  /** One ask was answered. For the main thread. */
  answer(): void {
    Atomics.add(this.#answered, 0, 1);
  }

  /** Starts a flow at zero. For the Worker. */
  reset(flow: number): void {
    this.#flows.reset(flow);
  }

  /** Datagrams of a flow are about to be sent: `sentIn` or `sentOut` follows. For the Worker. */
  sending(flow: number): void {
    this.#flows.begin(flow);
  }

  /** Counts datagrams to the target, perhaps none. */
  sentIn(flow: number, bytes: number, datagrams: number): void {
    this.#flows.add(flow, BYTES_IN, bytes);
    this.#flows.add(flow, DATAGRAMS_IN, datagrams);
    this.#flows.end(flow);
  }

  /** Counts replies, perhaps none. */
  sentOut(flow: number, bytes: number, datagrams: number): void {
    this.#flows.add(flow, BYTES_OUT, bytes);
    this.#flows.add(flow, DATAGRAMS_OUT, datagrams);
    this.#flows.end(flow);
  }

  /** Reads the counts of a flow. For the main thread. */
  read(flow: number, into: FlowTotals): void {
    this.#flows.read(flow, this.#counts);
    [into.bytesIn = 0, into.bytesOut = 0, into.datagramsIn = 0, into.datagramsOut = 0] =
      this.#counts;
  }

  /** Changes whenever a datagram of the flow was delivered, modulo 2^32. For the main thread. */
  activity(flow: number): number {
    return (this.#flows.lowWord(flow, DATAGRAMS_IN) + this.#flows.lowWord(flow, DATAGRAMS_OUT)) | 0;
  }

  /** Counts losses at a listener. For the Worker. */
  lost(listener: number, loss: Loss, datagrams: number): void {
    Atomics.add(this.#losses, listener * LOSS_WORDS + LOSSES.indexOf(loss), datagrams);
  }

  /** Losses at a listener since the memory was made, modulo 2^32. For the main thread. */
  losses(listener: number, loss: Loss): number {
    return Atomics.load(this.#losses, listener * LOSS_WORDS + LOSSES.indexOf(loss));
  }
}
