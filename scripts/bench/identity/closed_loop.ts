/**
 * As many GET requests as get answered: each connection sends the next when it has an answer.
 *
 * @module
 */

import { connect, type Socket } from "node:net";

export interface ClosedLoop {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly bearer: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Milliseconds from each request to its answer. */
export async function sendClosedLoop(loop: ClosedLoop): Promise<readonly number[]> {
  const { host, port, path, bearer, connections, seconds } = loop;
  const request =
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${bearer}\r\n\r\n`;
  const until = performance.now() + seconds * 1_000;
  const sockets = Array.from({ length: connections }, () => connect({ host, port }));
  const latencies = await Promise.all(sockets.map((socket) => askUntil(socket, request, until)));
  return latencies.flat();
}

async function askUntil(socket: Socket, request: string, until: number): Promise<number[]> {
  const latencies: number[] = [];
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  let text = "";
  let sent = performance.now();
  socket.on("error", reject);
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    const head = text.indexOf("\r\n\r\n");
    if (head === -1) return;
    const [, length = "0"] = /^content-length: (\d+)/im.exec(text.slice(0, head)) ?? [];
    if (text.length < head + 4 + Number(length)) return;
    if (!text.startsWith("HTTP/1.1 200")) return reject(new Error(text.slice(0, head)));
    text = "";
    const now = performance.now();
    latencies.push(now - sent);
    if (now >= until) return resolve();
    sent = now;
    socket.write(request);
  });
  socket.write(request);
  await done;
  socket.destroy();
  return latencies;
}
