/**
 * Random bytes for everything that listens: not what a parser is given, but what a port is.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connect } from "node:tls";

/** Where to send them. */
export type ListenerTarget =
  | { readonly name: string; readonly port: number; readonly tls?: readonly string[] }
  | { readonly name: string; readonly path: string };

/** A generator of numbers in `[0, 1)`. */
type Draw = () => number;

/** Beginnings that lead further than noise does. */
const OPENINGS: readonly string[] = [
  "",
  "GET / HTTP/1.1\r\n",
  "POST /v1/rules HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n",
  "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
  "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
  "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
  '{"v":1}\n',
];

/** How long a listener may take over one connection before the next is made, in milliseconds. */
const TURN_MS = 200;

/** One connection: an opening, noise, maybe a pause in the middle, and an end of any kind. */
export async function sendNoise(target: ListenerTarget, draw: Draw): Promise<void> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)] as T;
  const noise = Uint8Array.from({ length: Math.floor(draw() ** 3 * 20_000) }, () => draw() * 256);
  const bytes = Buffer.concat([Buffer.from(pick(OPENINGS), "latin1"), noise]);
  const cut = Math.floor(draw() * bytes.length);
  const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
  if ("port" in target && target.tls !== undefined && draw() < 0.5) {
    return await overTls(target.port, target.tls, parts);
  }
  const conn = "path" in target
    ? await Deno.connect({ transport: "unix", path: target.path })
    : await Deno.connect({ hostname: "127.0.0.1", port: target.port });
  const reading = drain(conn);
  try {
    for (const part of parts) await conn.write(part);
    if (draw() < 0.5) await conn.closeWrite();
    await Promise.race([reading, pause(draw() * TURN_MS)]);
  } catch {
    // It has had enough, which is its right.
  }
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
  await reading;
}

async function drain(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(4_096);
  while (await conn.read(buffer).catch(() => null) !== null);
}

function overTls(port: number, alpn: readonly string[], parts: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      ALPNProtocols: [...alpn],
    });
    const end = setTimeout(() => socket.destroy(), 5 * TURN_MS);
    socket.on("secureConnect", () => {
      for (const part of parts) socket.write(part);
      socket.end();
    });
    socket.on("data", () => {});
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(end);
      resolve();
    });
  });
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
