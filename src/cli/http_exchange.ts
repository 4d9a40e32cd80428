/**
 * One HTTP request and its answer. Not `fetch`, which sends requests, and the token in them, to
 * the proxy of the environment, refuses some ports, and cannot limit the time to connect.
 *
 * @module
 */

import { request } from "node:http";

/** How long the server may take to accept the connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;

export interface Exchange {
  /** `host:port` */
  readonly endpoint: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long all of it may take, in milliseconds. */
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly text: string;
}

/**
 * Sends the request and reads the whole answer.
 *
 * @throws {Error} when there is no complete answer in time, saying why
 * @throws {TypeError} when a header cannot be sent; the message does not show it
 */
export function exchange(options: Exchange): Promise<HttpAnswer> {
  const { endpoint, method, path, headers, body, timeoutMs } = options;
  const { hostname, port } = new URL(`http://${endpoint}`);
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const call = request({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? 80 : Number(port),
    method,
    path,
    headers,
    agent: false,
  });
  const giveUp = (what: string) => call.destroy(new Error(`${endpoint} did not ${what} in time`));
  const connecting = setTimeout(() => giveUp("accept a connection"), CONNECT_TIMEOUT_MS);
  const answering = setTimeout(() => giveUp("answer"), timeoutMs);
  call.on("socket", (socket) => socket.once("connect", () => clearTimeout(connecting)));
  call.on("error", reject);
  call.on("response", (response) => {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    response.on("data", (chunk: Uint8Array<ArrayBuffer>) => chunks.push(chunk));
    response.on("aborted", () => reject(new Error(`${endpoint} broke off its answer`)));
    response.on("error", reject);
    response.on("end", () => {
      if (!response.complete) return reject(new Error(`${endpoint} broke off its answer`));
      void new Blob(chunks).text().then((text) =>
        resolve({
          status: response.statusCode ?? 0,
          statusText: response.statusMessage ?? "",
          text,
        })
      );
    });
  });
  call.end(body);
  return promise.finally(() => {
    clearTimeout(connecting);
    clearTimeout(answering);
  });
}
