/**
 * The paths of one Worker, on the main thread's side.
 *
 * @module
 */

import type { PathDefinition } from "./paths.ts";
import { PathCounts, PATHS_MAX } from "./path_counts.ts";
import { COMMAND } from "./protocol.ts";
import type { Message } from "./ring.ts";
import { SESSIONS_MAX, Tallies } from "./tallies.ts";

const TWO_32 = 2 ** 32;

/** What went along a path. */
export interface PathTotals {
  /** Connections that the target took. */
  admitted: number;
  /** Connections that have not ended, those being connected too. */
  active: number;
  bytesIn: number;
  bytesOut: number;
}

/** The end of a connection that took a path. */
export interface PathEnd {
  readonly errno: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** `struct sockaddr` of the client. */
  readonly peer: Uint8Array<ArrayBuffer>;
}

/** A connection that the main thread is to go on with. */
export interface HandedOver {
  readonly outside: number;
  /** Its socket while the dial is under way, else -1. */
  readonly target: number;
  /** What the dial failed with, if it did. */
  readonly errno: number;
  readonly peer: Uint8Array<ArrayBuffer>;
}

/** Who a path is for. */
export interface PathSink {
  readonly definition: PathDefinition;
  handedOver(connection: HandedOver): void;
  ended(end: PathEnd): void;
  /** Its last connection has ended, after it was closed. */
  closed(): void;
}

interface Entry {
  readonly sink: PathSink;
  /** What was counted by Workers that are gone. */
  readonly base: PathTotals;
  isClosing: boolean;
}

/** Numbers of paths, what they count, and what a new Worker has to be told of them. */
export class PathRegistry {
  readonly #entries = new Map<number, Entry>();
  readonly #free: number[] = [];
  #tallies: Tallies;
  #counts: PathCounts;

  constructor(tallies: SharedArrayBuffer, counts: SharedArrayBuffer) {
    this.#tallies = new Tallies(tallies);
    this.#counts = new PathCounts(counts);
  }

  /** @returns the path's number; `null` when there are too many */
  add(sink: PathSink): number | null {
    if (this.#entries.size === PATHS_MAX) return null;
    const path = this.#free.pop() ?? this.#entries.size;
    this.#tallies.reset(SESSIONS_MAX + path);
    this.#counts.reset(path);
    const base = { admitted: 0, active: 0, bytesIn: 0, bytesOut: 0 };
    this.#entries.set(path, { sink, base, isClosing: false });
    return path;
  }

  /** What `handedOver` says in `record`. */
  handedOver(path: number, record: Int32Array): void {
    const [, , outside = -1, target = -1, errno = 0] = record;
    const peer = bytesOf(record.subarray(5));
    this.#entries.get(path)?.sink.handedOver({ outside, target, errno, peer });
  }

  /** What `pathEnded` says in `record`. */
  ended(path: number, record: Int32Array): void {
    const [, , errno = 0, inLow = 0, inHigh = 0, outLow = 0, outHigh = 0] = record;
    const bytesIn = (inLow >>> 0) + (inHigh >>> 0) * TWO_32;
    const bytesOut = (outLow >>> 0) + (outHigh >>> 0) * TWO_32;
    const peer = bytesOf(record.subarray(7));
    this.#entries.get(path)?.sink.ended({ errno, bytesIn, bytesOut, peer });
  }

  closing(path: number): void {
    const entry = this.#entries.get(path);
    if (entry !== undefined) entry.isClosing = true;
  }

  /** Forgets a path whose last connection has ended, and tells its sink. */
  closed(path: number): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    entry.sink.closed();
    this.#entries.delete(path);
    this.#free.push(path);
  }

  /** What went along a path until now. */
  totals(path: number): PathTotals {
    const base = this.#entries.get(path)?.base ??
      { admitted: 0, active: 0, bytesIn: 0, bytesOut: 0 };
    const totals = { ...base, active: this.#counts.active(path) };
    const tally = { bytesIn: 0, bytesOut: 0 };
    this.#tallies.read(SESSIONS_MAX + path, tally);
    totals.admitted += this.#counts.admitted(path);
    totals.bytesIn += tally.bytesIn;
    totals.bytesOut += tally.bytesOut;
    return totals;
  }

  /** A new Worker counts elsewhere, from zero. @returns what it has to be told */
  restart(tallies: SharedArrayBuffer, counts: SharedArrayBuffer): Message[] {
    for (const [path, { base }] of this.#entries) Object.assign(base, this.totals(path));
    this.#tallies = new Tallies(tallies);
    this.#counts = new PathCounts(counts);
    return [...this.#entries].flatMap(([path, { sink, isClosing }]) =>
      isClosing ? [define(path, sink), [COMMAND.closePath, path]] : [define(path, sink)]
    );
  }
}

/** The command that defines a path. */
export function define(path: number, { definition }: PathSink): Message {
  const { rule, owner, tellsEnds, address } = definition;
  const words = new Uint8Array(28);
  words.set(address);
  const told = tellsEnds ? 1 : 0;
  return [COMMAND.path, path, rule, owner, told, address.length, ...new Int32Array(words.buffer)];
}

/** The bytes of words of a record. */
export function bytesOf(words: Int32Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Int32Array.from(words).buffer);
}
