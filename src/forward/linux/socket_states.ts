/** What a socket is known to be, as bits. */
export const READABLE = 1;
export const WRITABLE = 2;
/** The peer's end of stream is there, perhaps behind data: no edge will tell of it again. */
export const HUNG_UP = 4;
/** The end of stream was read. */
export const ENDED = 8;
/** The end of stream was sent. */
export const SHUT = 16;
/** Waits for its next turn. */
export const QUEUED = 32;
/** The client's socket of its session, not the target's. */
export const OUTSIDE = 64;
/** What it has to give waits for tokens. */
export const WAITING = 128;
/** The connection to the target is being made. */
export const CONNECTING = 256;

/** The bits of every socket, by descriptor. */
export class SocketStates {
  #bits = new Uint16Array(0);

  get length(): number {
    return this.#bits.length;
  }

  grow(length: number): void {
    const grown = new Uint16Array(length);
    grown.set(this.#bits);
    this.#bits = grown;
  }

  has(fd: number, bit: number): boolean {
    return ((this.#bits[fd] ?? 0) & bit) !== 0;
  }

  set(fd: number, bits: number): void {
    this.#bits[fd] = (this.#bits[fd] ?? 0) | bits;
  }

  clear(fd: number, bits: number): void {
    this.#bits[fd] = (this.#bits[fd] ?? 0) & ~bits;
  }
}
