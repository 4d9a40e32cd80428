/**
 * What went through each flow, and what was lost at each listener, counted by the Worker and read
 * by the main thread.
 *
 * @module
 */

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

/** A line of the processor's cache for each flow. */
const WORDS = 16;
const SEQUENCE = 0;
const BYTES_IN = 1;
const BYTES_OUT = 3;
const DATAGRAMS_IN = 5;
const DATAGRAMS_OUT = 7;
const TWO_32 = 2 ** 32;

/** A reader gives up waiting for a Worker that died in the middle after this many tries. */
const TRIES_MAX = 10_000_000;

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
 * As in `Tallies`, a flow's sequence number is odd while its counts may change, from before its
 * datagrams are sent: whoever has seen one arrive finds it counted. The counts of a flow are from
 * zero on: the Worker clears them before the main thread hears of the flow.
 */
export class UdpCounts {
  readonly #flows: Int32Array<SharedArrayBuffer>;
  readonly #losses: Int32Array<SharedArrayBuffer>;
  readonly #answered: Int32Array<SharedArrayBuffer>;
  #asked = 0;

  constructor({ flows, losses, answered }: UdpMemory) {
    this.#flows = new Int32Array(flows);
    this.#losses = new Int32Array(losses);
    this.#answered = new Int32Array(answered);
  }

  static allocate(): UdpMemory {
    return {
      flows: new SharedArrayBuffer(4 * WORDS * FLOWS_MAX),
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

  reset(flow: number): void {
    this.sending(flow);
    this.#flows.fill(0, flow * WORDS + 1, flow * WORDS + WORDS);
    Atomics.add(this.#flows, flow * WORDS + SEQUENCE, 1);
  }

  /** Datagrams of a flow are about to be sent: `sentIn` or `sentOut` follows. For the Worker. */
  sending(flow: number): void {
    Atomics.add(this.#flows, flow * WORDS + SEQUENCE, 1);
  }

  /** Counts datagrams to the target, perhaps none. */
  sentIn(flow: number, bytes: number, datagrams: number): void {
    const at = flow * WORDS;
    this.#add(at + BYTES_IN, bytes);
    this.#add(at + DATAGRAMS_IN, datagrams);
    Atomics.add(this.#flows, at + SEQUENCE, 1);
  }

  /** Counts replies, perhaps none. */
  sentOut(flow: number, bytes: number, datagrams: number): void {
    const at = flow * WORDS;
    this.#add(at + BYTES_OUT, bytes);
    this.#add(at + DATAGRAMS_OUT, datagrams);
    Atomics.add(this.#flows, at + SEQUENCE, 1);
  }

  /** Reads the counts of a flow. For the main thread. */
  read(flow: number, into: FlowTotals): void {
    const at = flow * WORDS;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const before = Atomics.load(this.#flows, at + SEQUENCE);
      into.bytesIn = this.#count(at + BYTES_IN);
      into.bytesOut = this.#count(at + BYTES_OUT);
      into.datagramsIn = this.#count(at + DATAGRAMS_IN);
      into.datagramsOut = this.#count(at + DATAGRAMS_OUT);
      const isWhole = (before & 1) === 0;
      if (isWhole && Atomics.load(this.#flows, at + SEQUENCE) === before) return;
    }
  }

  /** Changes whenever a datagram of the flow was delivered, modulo 2^32. For the main thread. */
  activity(flow: number): number {
    const at = flow * WORDS;
    const delivered = Atomics.load(this.#flows, at + DATAGRAMS_IN) +
      Atomics.load(this.#flows, at + DATAGRAMS_OUT);
    return delivered | 0;
  }

  /** Counts losses at a listener. For the Worker. */
  lost(listener: number, loss: Loss, datagrams: number): void {
    Atomics.add(this.#losses, listener * LOSS_WORDS + LOSSES.indexOf(loss), datagrams);
  }

  /** Losses at a listener since the memory was made, modulo 2^32. For the main thread. */
  losses(listener: number, loss: Loss): number {
    return Atomics.load(this.#losses, listener * LOSS_WORDS + LOSSES.indexOf(loss));
  }

  #add(at: number, amount: number): void {
    const sum = ((this.#flows[at] ?? 0) >>> 0) + amount;
    this.#flows[at] = sum | 0;
    if (sum >= TWO_32) this.#flows[at + 1] = (this.#flows[at + 1] ?? 0) + 1;
  }

  #count(at: number): number {
    return (Atomics.load(this.#flows, at + 1) >>> 0) * TWO_32 +
      (Atomics.load(this.#flows, at) >>> 0);
  }
}
