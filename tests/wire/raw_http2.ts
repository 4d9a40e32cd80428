/** HTTP/2 without gRPC: to send what a gRPC library would not, and see exactly what comes back. */

import { Buffer } from "node:buffer";
import * as http2 from "node:http2";

type Headers = http2.IncomingHttpHeaders;

/** What came back for one request. */
export interface RawAnswer {
  readonly headers: Headers;
  readonly trailers: Headers | null;
  readonly body: Uint8Array;
}

/** One connection; its certificate is not checked. */
export class RawConnection implements AsyncDisposable {
  readonly #session: http2.ClientHttp2Session;

  constructor(port: number) {
    this.#session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    // Calls say what happened to them; a connection that is cut while idle has nobody to tell.
    this.#session.on("error", () => {});
  }

  /** Begins a gRPC request; nothing but the headers is sent. */
  begin(path: string, headers: Readonly<Record<string, string>> = {}): http2.ClientHttp2Stream {
    return this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    }, { endStream: false });
  }

  /** Sends a whole request and waits for the whole answer. */
  async call(
    path: string,
    options: { readonly headers?: Readonly<Record<string, string>>; readonly body?: Uint8Array },
  ): Promise<RawAnswer> {
    const stream = this.begin(path, options.headers);
    const answer = answerOf(stream);
    stream.end(options.body);
    return await answer;
  }

  /** Says GOAWAY, and keeps the connection. */
  goaway(): void {
    this.#session.goaway(http2.constants.NGHTTP2_NO_ERROR);
  }

  /** Resolves when the server has answered everything that was sent to it before. */
  roundTrip(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#session.ping((error) => error ? reject(error) : resolve());
    });
  }

  /** Resolves when the connection is over, in whatever way. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#session.closed || this.#session.destroyed) resolve();
      else this.#session.once("close", () => resolve());
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      this.#session.once("close", () => resolve());
      this.#session.destroy();
    });
  }
}

/** Waits until `stream` is over. */
export function answerOf(stream: http2.ClientHttp2Stream): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let headers: Headers = {};
    let trailers: Headers | null = null;
    const chunks: Uint8Array[] = [];
    stream.on("response", (received) => headers = received);
    stream.on("trailers", (received) => trailers = received);
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => resolve({ headers, trailers, body: Buffer.concat(chunks) }));
  });
}

/** `message` as gRPC frames it: not compressed, its length, itself. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(5 + message.length);
  new DataView(framed.buffer).setUint32(1, message.length);
  framed.set(message, 5);
  return framed;
}
