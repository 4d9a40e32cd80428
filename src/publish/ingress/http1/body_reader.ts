/**
 * The body of a message, without what frames it (RFC 9112 §6.3, §7.1).
 *
 * @module
 */

import { INGRESS } from "../../../core/publish_limits.ts";
import { BadMessage } from "./bad_message.ts";
import { type Field, readFields } from "./field_lines.ts";
import type { Framing } from "./framing.ts";
import type { MessageReader } from "./message_reader.ts";

/** Thirteen hexadecimal digits stay below 2^53. Extensions have no control characters. */
const CHUNK_LINE = /^([0-9A-Fa-f]{1,13})(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

export class BodyReader {
  readonly #reader: MessageReader;
  readonly #framing: Framing;
  /** Bytes until the body, or its chunk, ends. */
  #left: number;
  #isDone: boolean;
  #trailers: readonly Field[] = [];

  /** Reads from `reader`, whose head was read, and nothing that is not the body's. */
  constructor(reader: MessageReader, framing: Framing) {
    this.#reader = reader;
    this.#framing = framing;
    this.#left = framing.kind === "length" ? framing.bytes : 0;
    this.#isDone = framing.kind === "none" || (framing.kind === "length" && framing.bytes === 0);
  }

  /** Whether all of it was read, and the next message may follow. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** What followed the chunks, once all of them were read. */
  get trailers(): readonly Field[] {
    return this.#trailers;
  }

  /**
   * The next bytes, never none: a view that is good until the next read. `null` at the end.
   *
   * @throws {BadMessage} 400 when it ends early or is malformed; what the transport says
   */
  async read(): Promise<Uint8Array | null> {
    if (this.#isDone) return null;
    if (this.#framing.kind === "chunked") return await this.#readChunk();
    const reader = this.#reader;
    if (reader.buffered === 0 && !await reader.fill()) {
      if (this.#framing.kind === "length") throw new BadMessage(400, "the body ends early");
      this.#isDone = true;
      return null;
    }
    if (this.#framing.kind === "close") return reader.take();
    const part = reader.take(this.#left);
    this.#left -= part.length;
    this.#isDone = this.#left === 0;
    return part;
  }

  /** The line break after a chunk is read before the next one, when its bytes were passed on. */
  async #readChunk(): Promise<Uint8Array | null> {
    const reader = this.#reader;
    if (this.#left === 0) {
      this.#left = await this.#chunkSize();
      if (this.#left === 0) {
        this.#trailers = await readTrailers(reader);
        this.#isDone = true;
        return null;
      }
    }
    if (reader.buffered === 0 && !await reader.fill()) {
      throw new BadMessage(400, "a chunk ends early");
    }
    const part = reader.take(this.#left);
    this.#left -= part.length;
    this.#isInChunks = true;
    return part;
  }

  /** Whether a chunk came before. */
  #isInChunks = false;

  async #chunkSize(): Promise<number> {
    if (this.#isInChunks && await this.#reader.readLine(0) !== "") {
      throw new BadMessage(400, "a chunk is longer than it says");
    }
    const line = await this.#reader.readLine(INGRESS.chunkLineMaxBytes);
    const [, digits] = CHUNK_LINE.exec(line) ?? [];
    if (digits === undefined) throw new BadMessage(400, "malformed chunk size");
    return parseInt(digits, 16);
  }
}

async function readTrailers(reader: MessageReader): Promise<readonly Field[]> {
  let lines = "";
  while (true) {
    const line = await reader.readLine(INGRESS.trailersMaxBytes - lines.length);
    if (line === "") return readFields(lines, 0, INGRESS.fieldsMax);
    lines += `${line}\r\n`;
  }
}
