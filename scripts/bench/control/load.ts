/**
 * A steady stream of GET requests, sent when they are due whether the earlier ones are answered or
 * not: a slow server shows as latency, not as fewer requests.
 *
 * @module
 */

import { connect, type Socket } from "node:net";

export interface Load {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly bearer: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** Requests on one connection wait for each other, so there have to be some. */
  readonly connections: number;
}

/** A keep-alive connection. Answers have a Content-Length and come in order. */
class Connection {
  readonly #socket: Socket;
  readonly #due: number[] = [];
  readonly #request: string;
  #text = "";

  constructor(socket: Socket, request: string, readonly onAnswer: (latencyMs: number) => void) {
    this.#socket = socket;
    this.#request = request;
    socket.on("data", (chunk) => this.#read(chunk.toString("latin1")));
  }

  /** Sends a request that was due at `dueMs`. */
  send(dueMs: number): void {
    this.#due.push(dueMs);
    this.#socket.write(this.#request);
  }

  #read(chunk: string): void {
    this.#text += chunk;
    while (true) {
      const head = this.#text.indexOf("\r\n\r\n");
      if (head === -1) return;
      const [, length = "0"] = /^content-length: (\d+)/im.exec(this.#text.slice(0, head)) ?? [];
      const end = head + 4 + Number(length);
      if (this.#text.length < end) return;
      if (!this.#text.startsWith("HTTP/1.1 200")) throw new Error(this.#text.slice(0, head));
      this.#text = this.#text.slice(end);
      this.onAnswer(performance.now() - (this.#due.shift() ?? NaN));
    }
  }
}

/** Milliseconds from when each request was due to its answer. */
export async function sendLoad(load: Load): Promise<number[]> {
  const { host, port, path, bearer, perSecond, seconds } = load;
  const request =
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${bearer}\r\n\r\n`;
  const latencies: number[] = [];
  const total = perSecond * seconds;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const sockets = Array.from({ length: load.connections }, () => connect({ host, port }));
  const connections = sockets.map((socket) =>
    new Connection(socket, request, (latencyMs) => {
      if (latencies.push(latencyMs) === total) resolve();
    })
  );
  const started = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - started) * perSecond) / 1_000));
    for (; sent < due; sent++) {
      connections[sent % connections.length]?.send(started + (sent * 1_000) / perSecond);
    }
  }, 1);
  await done;
  clearInterval(timer);
  for (const socket of sockets) socket.destroy();
  return latencies;
}
