/**
 * Files in a `multipart/form-data` body (RFC 7578), as a stream: one part at a time, in the pace
 * of whoever takes it. What is not as browsers send it is refused, and nothing is skipped.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { PortunusError } from "../../core/errors.ts";

/** RFC 2046 §5.1.1 allows 70 characters. */
const BOUNDARY =
  /^multipart\/form-data\s*;(?:[^"]*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const HEADERS_MAX_BYTES = 8 * 1024;
const FILENAME = /;\s*filename="([^"]*)"/i;

/** A file, as its part of the body says. Its content has to be read before the next one comes. */
export interface MultipartFile {
  /** As the sender wrote it, directories and all. */
  readonly filename: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * The files of a body, one after another.
 *
 * @throws {PortunusError} `upload_invalid` for what is no such body, or ends early
 * @throws what `body` throws
 */
export async function* multipartFiles(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<MultipartFile> {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw invalid("multipart/form-data with a boundary is expected");
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const scanner = new Scanner(body);
  await scanner.skipEmpty(delimiter);
  while (true) {
    const end = (await scanner.take(2)).toString("latin1");
    if (end === "--") return;
    if (end !== "\r\n") throw invalid("a line after a boundary is not empty");
    const filename = filenameOf(await scanner.head());
    const content = scanner.until(delimiter);
    yield { filename, content };
    // Whoever did not want all of it has to pass over it, or the next part begins inside.
    for await (const _ of content);
  }
}

function filenameOf(head: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(head);
  } catch {
    throw invalid("a part's header is not UTF-8");
  }
  const disposition = text.split("\r\n").find((line) => /^content-disposition\s*:/i.test(line));
  const [, filename] = FILENAME.exec(disposition ?? "") ?? [];
  if (filename === undefined) throw invalid("a part of the form is no file");
  return filename;
}

/** Finds marks in a stream of bytes, wherever it is cut into chunks. */
class Scanner {
  readonly #source: AsyncIterator<Uint8Array>;
  /** As if a line ended before the body: its first boundary is like all others then. */
  #rest = Buffer.from("\r\n");

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** What comes before `mark`, which is passed over. */
  async *until(mark: Buffer): AsyncGenerator<Uint8Array> {
    while (true) {
      const at = this.#rest.indexOf(mark);
      const end = at >= 0 ? at : Math.max(0, this.#rest.length - mark.length + 1);
      const before = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(at >= 0 ? at + mark.length : end);
      if (before.length > 0) yield before;
      if (at >= 0) return;
      await this.#more();
    }
  }

  /** @throws {PortunusError} `upload_invalid` when anything comes before `mark` */
  async skipEmpty(mark: Buffer): Promise<void> {
    for await (const _ of this.until(mark)) {
      throw invalid("the body does not begin with a boundary");
    }
  }

  async take(length: number): Promise<Buffer> {
    while (this.#rest.length < length) await this.#more();
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  /** The lines up to an empty one. */
  async head(): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.until(Buffer.from("\r\n\r\n"))) {
      size += chunk.length;
      if (size > HEADERS_MAX_BYTES) throw invalid("a part's header is too long");
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done) throw invalid("the body ends too early");
    this.#rest = Buffer.concat([this.#rest, value]);
  }
}

const invalid = (why: string): PortunusError => new PortunusError("upload_invalid", why);
