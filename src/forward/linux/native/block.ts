/**
 * Memory whose address is known, for structures that hold pointers.
 *
 * @module
 */

/**
 * Words of memory that the kernel may be told the address of. V8 moves what is on its own heap, but
 * an `ArrayBuffer` made as such has its contents outside of it, at an address that stays the same
 * until the buffer is collected (or transferred, which nobody does here). So whoever has a `Block`
 * keeps the memory: it lives as long as its `words` do, and they are never replaced.
 */
export class Block {
  readonly words: Int32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A user-space address, which is below 2^53. */
  readonly address: number;

  /** @param byteLength at least 1 */
  constructor(byteLength: number) {
    const buffer = new ArrayBuffer(Math.ceil(byteLength / 8) * 8);
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
    const pointer = Deno.UnsafePointer.of(this.bytes);
    if (pointer === null) throw new RangeError("Memory without an address");
    this.address = Number(Deno.UnsafePointer.value(pointer));
  }
}

const TWO_32 = 2 ** 32;

/** Stores the pointer `address` in two words, the machine being little-endian. */
export function storePointer(words: Int32Array, at: number, address: number): void {
  words[at] = address | 0;
  words[at + 1] = Math.floor(address / TWO_32);
}

/** Loads a pointer from two words. */
export function loadPointer(words: Int32Array, at: number): number {
  return ((words[at] ?? 0) >>> 0) + (words[at + 1] ?? 0) * TWO_32;
}
