/**
 * What goes out on a connection: heads and bodies, framed in the one canonical way.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Field } from "./field_lines.ts";
import type { Framing } from "./framing.ts";
import { giveLargeBuffer, takeLargeBuffer } from "./large_buffers.ts";
import { type Transport, writeAll } from "./transport.ts";

/** A head and what follows at once leave together up to this size: one packet less, one TLS record less. */
const JOINED_MAX_BYTES = 16 * 1024;
const CRLF = "\r\n";

/** Writes one message after another. */
export class MessageWriter {
  readonly #transport: Transport;
  #head = "";
  #framing: Framing = { kind: "none" };

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Begins a message. Its head leaves with the first bytes of the body, or with {@linkcode flush}.
   *
   * @param head all of it, with the empty line; a character for each byte
   */
  begin(head: string, framing: Framing): void {
    this.#head = head;
    this.#framing = framing;
  }

  /** Sends a head that still waits for a body. */
  async flush(): Promise<void> {
    if (this.#head !== "") await this.#send([this.#takeHead()]);
  }

  /** Sends some of the body, at least a byte. The caller has counted what `Content-Length` says. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#framing.kind === "none") return;
    const head = this.#takeHead();
    if (this.#framing.kind === "chunked") {
      const size = `${head}${bytes.length.toString(16)}${CRLF}`;
      return await this.#send([size, bytes, CRLF]);
    }
    if (head === "") return await writeAll(this.#transport, bytes);
    await this.#send([head, bytes]);
  }

  /** Ends the message. */
  async end(trailers: readonly Field[] = []): Promise<void> {
    if (this.#framing.kind !== "chunked") return await this.flush();
    const lines = trailers.map(({ name, value }) => `${name}: ${value}${CRLF}`).join("");
    await this.#send([`${this.#takeHead()}0${CRLF}${lines}${CRLF}`]);
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = "";
    return head;
  }

  /** Sends parts as one. */
  async #send(parts: readonly (string | Uint8Array)[]): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length <= JOINED_MAX_BYTES) {
      return await writeAll(this.#transport, joined(parts, Buffer.allocUnsafe(length)));
    }
    const buffer = takeLargeBuffer();
    try {
      if (length <= buffer.length) return await writeAll(this.#transport, joined(parts, buffer));
      for (const part of parts) {
        const bytes = typeof part === "string" ? Buffer.from(part, "latin1") : part;
        await writeAll(this.#transport, bytes);
      }
    } finally {
      giveLargeBuffer(buffer);
    }
  }
}

function joined(parts: readonly (string | Uint8Array)[], into: Buffer): Buffer {
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") into.write(part, at, "latin1");
    else into.set(part, at);
    at += part.length;
  }
  return into.subarray(0, at);
}
