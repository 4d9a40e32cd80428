/**
 * What comes in on a connection: heads, lines and bytes of bodies, in the order they are asked for.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { INGRESS } from "../../../core/publish_limits.ts";
import { BadMessage } from "./bad_message.ts";
import { giveLargeBuffer, takeLargeBuffer } from "./large_buffers.ts";
import type { Transport } from "./transport.ts";

const LF = 0x0a;
const CR = 0x0d;

export class MessageReader {
  readonly #transport: Transport;
  readonly #waitBytes: number;
  #buffer: Buffer;
  #start = 0;
  #end = 0;
  /** Whether the last read was all there was room for. */
  #wasFilled = false;
  #filling: Promise<boolean> | null = null;

  /** @param waitBytes what it keeps to read into while nothing comes */
  constructor(transport: Transport, waitBytes: number = INGRESS.waitBufferBytes) {
    this.#transport = transport;
    this.#waitBytes = waitBytes;
    this.#buffer = Buffer.allocUnsafeSlow(waitBytes);
  }

  /** Bytes that are there already. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /**
   * Reads more; `false` when no more will come. A read that is under way is not begun again: it may
   * be started before anybody needs it, to learn of the peer's end.
   *
   * @throws what the transport says
   */
  fill(): Promise<boolean> {
    return this.#filling ??= this.#fill();
  }

  async #fill(): Promise<boolean> {
    try {
      this.#makeRoom();
      const room = this.#buffer.length - this.#end;
      const n = await this.#transport.read(this.#buffer.subarray(this.#end));
      if (n === null) return false;
      this.#wasFilled = n === room;
      this.#end += n;
      return true;
    } finally {
      this.#filling = null;
    }
  }

  #makeRoom(): void {
    const isEmpty = this.#start === this.#end;
    if (isEmpty) this.#start = this.#end = 0;
    const isLarge = this.#buffer.length >= INGRESS.largeBufferBytes;
    if (isEmpty && this.#wasFilled && !isLarge) this.#buffer = takeLargeBuffer();
    if (this.#end < this.#buffer.length) return;
    const larger = this.#start > 0 ? this.#buffer : takeLargeBuffer();
    this.#buffer.copy(larger, 0, this.#start, this.#end);
    this.#buffer = larger;
    this.#end -= this.#start;
    this.#start = 0;
  }

  /** Nobody looks at what was taken any more, and the next message may be long in coming. */
  settle(): void {
    if (this.buffered > 0 || this.#filling !== null) return;
    this.#wasFilled = false;
    if (this.#buffer.length < INGRESS.largeBufferBytes) return;
    giveLargeBuffer(this.#buffer);
    this.#buffer = Buffer.allocUnsafeSlow(this.#waitBytes);
    this.#start = this.#end = 0;
  }

  /** Nobody looks at what was taken any more, and more of the same may follow at once. */
  ease(): void {
    if (!this.#wasFilled) this.settle();
  }

  /** Up to `most` of the bytes that are there: a view, good until the next read. */
  take(most: number = Infinity): Uint8Array {
    const end = Math.min(this.#end, this.#start + most);
    const part = this.#buffer.subarray(this.#start, end);
    this.#start = end;
    return part;
  }

  /**
   * The lines of a head, each with its CRLF, without the empty one that ends it; a character for
   * each byte. `null` when the peer ends before it begins. One empty line before it is passed over
   * (RFC 9112 §2.2).
   *
   * @throws {BadMessage} for an LF without CR before it, 431 and 414 for a head that is too long,
   * 400 for one that ends early
   */
  async readHead(): Promise<string | null> {
    let searched = 0;
    let lineAt = 0;
    let isFirst = true;
    while (true) {
      const found = this.#buffer.indexOf(LF, this.#start + searched);
      if (found < 0 || found >= this.#end) {
        searched = this.buffered;
        checkHeadSize(searched, lineAt);
        if (await this.fill()) continue;
        if (searched === 0) return null;
        throw new BadMessage(400, "the head ends early");
      }
      const at = found - this.#start;
      checkHeadSize(at, lineAt);
      if (at === lineAt || this.#buffer[found - 1] !== CR) throw new BadMessage(400, "a bare LF");
      const isEmpty = at === lineAt + 1;
      searched = at + 1;
      if (isEmpty && lineAt > 0) return this.#text(lineAt, 2);
      if (isEmpty) {
        if (!isFirst) throw new BadMessage(400, "empty lines before the head");
        this.#start += searched;
        searched = 0;
        isFirst = false;
      } else {
        lineAt = searched;
      }
    }
  }

  /**
   * The next line without its CRLF; a character for each byte.
   *
   * @throws {BadMessage} 400 for a bare LF, a line longer than `most` bytes, or an end before it
   */
  async readLine(most: number): Promise<string> {
    let searched = 0;
    while (true) {
      const found = this.#buffer.indexOf(LF, this.#start + searched);
      const isThere = found >= 0 && found < this.#end;
      // Of a line that is not complete, one byte more may be its CR.
      const length = (isThere ? found - this.#start : this.buffered) - 1;
      if (length > most) throw new BadMessage(400, "a line that is too long");
      if (isThere) {
        if (length < 0 || this.#buffer[found - 1] !== CR) throw new BadMessage(400, "a bare LF");
        return this.#text(length, 2);
      }
      searched = this.buffered;
      if (!await this.fill()) throw new BadMessage(400, "a line ends early");
    }
  }

  /** Takes `length` bytes as text, and passes over the `after` that follow. */
  #text(length: number, after: number): string {
    const text = this.#buffer.toString("latin1", this.#start, this.#start + length);
    this.#start += length + after;
    return text;
  }
}

/** @param lineAt where the line begins that is not complete: 0 for the first */
function checkHeadSize(bytes: number, lineAt: number): void {
  if (lineAt === 0 && bytes > INGRESS.requestLineMaxBytes) {
    throw new BadMessage(414, "the first line is too long");
  }
  if (bytes > INGRESS.headMaxBytes) throw new BadMessage(431, "the head is too long");
}
