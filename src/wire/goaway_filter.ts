/**
 * Takes GOAWAY frames out of an HTTP/2 byte stream (RFC 9113 §4.1, §6.8).
 *
 * @module
 */

/** What a client sends before its first frame (RFC 9113 §3.4). */
const PREFACE_LENGTH = 24;
const HEADER_LENGTH = 9;
const GOAWAY = 0x7;
/** Of a GOAWAY's payload, what is looked at: the last stream id. */
const STREAM_ID_LENGTH = 4;

/** Which end sends the bytes: a client's begin with the preface. */
export type Sender = "client" | "server";

/** Reads frames across chunks of any size, and keeps none of them. */
export class GoawayFilter {
  readonly #onGoaway: (lastStreamId: number) => void;
  /** A frame's header, and of a GOAWAY the last stream id too. */
  readonly #head = new Uint8Array(HEADER_LENGTH + STREAM_ID_LENGTH);
  #headLength = 0;
  /** Bytes of the payload, or of the preface, still to be passed on. */
  #pass: number;
  /** Bytes still to be dropped. */
  #drop = 0;

  /** @param options `onGoaway` is called for every frame taken out */
  constructor(
    options: { readonly sender: Sender; readonly onGoaway: (lastStreamId: number) => void },
  ) {
    this.#onGoaway = options.onGoaway;
    this.#pass = options.sender === "client" ? PREFACE_LENGTH : 0;
  }

  /** What of `chunk`, and of headers held back before, is to be passed on. */
  feed(chunk: Uint8Array): Uint8Array[] {
    const kept: Uint8Array[] = [];
    for (let rest = chunk; rest.length > 0;) {
      if (this.#pass > 0) {
        const part = rest.subarray(0, this.#pass);
        this.#pass -= part.length;
        rest = rest.subarray(part.length);
        kept.push(part);
      } else if (this.#drop > 0) {
        const length = Math.min(this.#drop, rest.length);
        this.#drop -= length;
        rest = rest.subarray(length);
      } else {
        rest = this.#readHead(rest);
        if (this.#headLength === this.#wanted()) this.#endHead(kept);
      }
    }
    return kept;
  }

  #readHead(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, this.#wanted() - this.#headLength);
    this.#head.set(part, this.#headLength);
    this.#headLength += part.length;
    return bytes.subarray(part.length);
  }

  /** How long the head is, as far as that is known. */
  #wanted(): number {
    const isGoaway = this.#headLength >= HEADER_LENGTH && this.#head[3] === GOAWAY;
    return isGoaway ? HEADER_LENGTH + Math.min(STREAM_ID_LENGTH, this.#payload()) : HEADER_LENGTH;
  }

  #payload(): number {
    return new DataView(this.#head.buffer).getUint32(0) >>> 8;
  }

  #endHead(kept: Uint8Array[]): void {
    const inHead = this.#headLength - HEADER_LENGTH;
    this.#headLength = 0;
    if (this.#head[3] === GOAWAY) {
      this.#drop = this.#payload() - inHead;
      this.#onGoaway(new DataView(this.#head.buffer).getUint32(HEADER_LENGTH) & 0x7fff_ffff);
    } else {
      this.#pass = this.#payload();
      kept.push(this.#head.slice(0, HEADER_LENGTH));
    }
  }
}
