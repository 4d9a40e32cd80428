/**
 * Reduces an HTTP/2 byte stream to the frames that a gRPC call is made of (RFC 9113 §4.1, §6).
 *
 * @module
 */

/** What a client sends before its first frame (RFC 9113 §3.4). */
export const PREFACE_LENGTH = 24;
const HEADER_LENGTH = 9;
/** Of a GOAWAY's payload, what is looked at: the last stream id. */
const STREAM_ID_LENGTH = 4;

const FRAME = {
  DATA: 0x0,
  HEADERS: 0x1,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

const FLAG_ACK = 0x1;

/** Which end sends the bytes: a client's begin with the preface. */
export type Sender = "client" | "server";

/** Reads frames across chunks of any size, and keeps none of them. */
export class FrameFilter {
  readonly #onGoaway: (lastStreamId: number) => void;
  /** A frame's header, and of a GOAWAY the last stream id too. */
  readonly #head = new Uint8Array(HEADER_LENGTH + STREAM_ID_LENGTH);
  readonly #view = new DataView(this.#head.buffer);
  #headLength = 0;
  /** Bytes of the payload, or of the preface, still to be passed on. */
  #pass: number;
  /** Bytes still to be dropped. */
  #drop = 0;

  /** @param options `onGoaway` is called for every GOAWAY, none of which passes */
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
        if (this.#headLength === this.#headWanted()) this.#endHead(kept);
      }
    }
    return kept;
  }

  #readHead(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, this.#headWanted() - this.#headLength);
    this.#head.set(part, this.#headLength);
    this.#headLength += part.length;
    return bytes.subarray(part.length);
  }

  /** How long the head is, as far as that is known. */
  #headWanted(): number {
    if (this.#headLength < HEADER_LENGTH || this.#type() !== FRAME.GOAWAY) return HEADER_LENGTH;
    return HEADER_LENGTH + Math.min(STREAM_ID_LENGTH, this.#payloadLength());
  }

  #type(): number {
    return this.#view.getUint8(3);
  }

  #payloadLength(): number {
    return this.#view.getUint32(0) >>> 8;
  }

  #endHead(kept: Uint8Array[]): void {
    const payloadLeft = this.#payloadLength() - (this.#headLength - HEADER_LENGTH);
    this.#headLength = 0;
    if (this.#passes()) {
      this.#pass = payloadLeft;
      kept.push(this.#head.slice(0, HEADER_LENGTH));
      return;
    }
    this.#drop = payloadLeft;
    if (this.#type() === FRAME.GOAWAY) {
      this.#onGoaway(this.#view.getUint32(HEADER_LENGTH) & 0x7fff_ffff);
    }
  }

  /** No PING is ever sent here, so an acknowledged one answers nothing. */
  #passes(): boolean {
    switch (this.#type()) {
      case FRAME.DATA:
      case FRAME.HEADERS:
      case FRAME.RST_STREAM:
      case FRAME.SETTINGS:
      case FRAME.WINDOW_UPDATE:
      case FRAME.CONTINUATION:
        return true;
      case FRAME.PING:
        return (this.#view.getUint8(4) & FLAG_ACK) === 0;
      default:
        return false;
    }
  }
}
