/**
 * Where connections may go without the main thread being asked.
 *
 * @module
 */

import { EVENT } from "./protocol.ts";
import type { PathCounts } from "./path_counts.ts";
import type { Message } from "./ring.ts";
import type { SessionTable } from "./session_table.ts";

const TWO_32 = 2 ** 32;

/** What the main thread says of a path, in words. */
export interface PathDefinition {
  /** Meters of the rule and its owner. */
  readonly rule: number;
  readonly owner: number;
  /** Whether the main thread wants to hear of connections that end well. */
  readonly tellsEnds: boolean;
  /** `struct sockaddr` of the target. */
  readonly address: Uint8Array<ArrayBuffer>;
}

/** A path, as the Worker has it. */
export interface Path extends PathDefinition {
  isClosing: boolean;
}

/** The paths of a Worker. Their sessions have numbers beyond those that the main thread gives. */
export class Paths {
  readonly #counts: PathCounts;
  readonly #table: SessionTable;
  readonly #tell: (message: Message) => void;
  readonly #paths = new Map<number, Path>();

  constructor(
    { counts, table, tell }: {
      readonly counts: PathCounts;
      readonly table: SessionTable;
      readonly tell: (message: Message) => void;
    },
  ) {
    this.#counts = counts;
    this.#table = table;
    this.#tell = tell;
  }

  define(path: number, definition: PathDefinition): void {
    this.#paths.set(path, { ...definition, isClosing: false });
  }

  get(path: number): Path | undefined {
    return this.#paths.get(path);
  }

  /** Forgets a path, and says so, once its last connection has ended. */
  close(path: number): void {
    const known = this.#paths.get(path);
    if (known === undefined) return;
    known.isClosing = true;
    this.#closeIfIdle(path, known);
  }

  began(path: number): void {
    this.#counts.began(path);
  }

  connected(path: number): void {
    this.#counts.connected(path);
  }

  /** The session of a path between `outside` and its target has ended. */
  ended(path: number, errno: number, outside: number): void {
    const known = this.#paths.get(path);
    if (known === undefined) return;
    if (errno !== 0 || known.tellsEnds) {
      const bytesIn = this.#table.moved[outside] ?? 0;
      const bytesOut = this.#table.moved[this.#table.at(this.#table.peer, outside)] ?? 0;
      const counts = [bytesIn, bytesIn / TWO_32, bytesOut, bytesOut / TWO_32];
      this.#tell([EVENT.pathEnded, path, errno, ...counts, ...this.#table.addressOf(outside)]);
    }
    this.#counts.ended(path);
    this.#closeIfIdle(path, known);
  }

  /**
   * The main thread goes on with a connection whose dial failed, or takes long: `target` is its
   * socket then, else -1.
   */
  handOver(path: number, outside: number, { errno, target }: { errno: number; target: number }) {
    this.#tell([EVENT.handedOver, path, outside, target, errno, ...this.#table.addressOf(outside)]);
    this.#counts.ended(path);
    const known = this.#paths.get(path);
    if (known !== undefined) this.#closeIfIdle(path, known);
  }

  #closeIfIdle(path: number, { isClosing }: Path): void {
    if (!isClosing || this.#counts.active(path) > 0) return;
    this.#paths.delete(path);
    this.#tell([EVENT.pathClosed, path]);
  }
}
