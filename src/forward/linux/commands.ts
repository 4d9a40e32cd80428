import type { Libc } from "./native/libc.ts";
import { COMMAND, type Start, WORKER_SLEEPS } from "./protocol.ts";
import { type Message, RECORD_WORDS, Ring } from "./ring.ts";

/** The way of commands to a Worker, in their order, however many there are. */
export class Commands {
  readonly #libc: Libc;
  readonly #wakeFd: number;
  readonly #wakeCount = new Uint8Array(new BigUint64Array([1n]).buffer);
  #ring: Ring;
  #sleeping: Int32Array;
  /** Those that the ring has no room for, oldest first. */
  #overflow: Message[] = [];

  constructor(libc: Libc, start: Start) {
    this.#libc = libc;
    this.#wakeFd = start.wakeFd;
    this.#ring = new Ring(start.commands);
    this.#sleeping = new Int32Array(start.sleeping);
  }

  send(command: Message): void {
    if (this.#overflow.length > 0 || !this.#ring.push(command)) this.#overflow.push(command);
    if (Atomics.load(this.#sleeping, WORKER_SLEEPS) === 0) return;
    this.#libc.write(this.#wakeFd, this.#wakeCount, 8);
  }

  /** There is room in the ring. */
  sendRest(): void {
    for (const command of this.#overflow.splice(0)) this.send(command);
  }

  /** What a Worker that is gone did not come to do; what concerns paths is to be told anew. */
  takeUnread(): Message[] {
    const unread: Message[] = [];
    const record = new Int32Array(RECORD_WORDS);
    while (this.#ring.shift(record)) unread.push([...record]);
    const aboutPaths: readonly number[] = [COMMAND.path, COMMAND.cutPath, COMMAND.closePath];
    return [...unread, ...this.#overflow.splice(0)].filter(([kind = 0]) =>
      !aboutPaths.includes(kind)
    );
  }

  /** Goes on with a new Worker. */
  restart(start: Start): void {
    this.#ring = new Ring(start.commands);
    this.#sleeping = new Int32Array(start.sleeping);
  }
}
