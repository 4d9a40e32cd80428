/**
 * The other end of the stats socket.
 *
 * @module
 */

import { z } from "zod";
import { STANDALONE } from "../core/limits.ts";
import { connectUnix } from "../system/unix_socket.ts";
import type { Hello, Snapshot } from "./stats_messages.ts";

const nullable = z.number().nullable();
const target = z.object({
  host: z.string(),
  port: z.number(),
  priority: z.number(),
  proxy_protocol: z.enum(["v1", "v2"]).nullable(),
});
const health = z.object({
  host: z.string(),
  port: z.number(),
  priority: z.number(),
  state: z.enum(["healthy", "failed"]),
  consecutive_failures: z.number(),
  last_failure_at_ms: nullable,
  last_success_at_ms: nullable,
  in: z.number(),
  out: z.number(),
  conns_total: z.number(),
});

/** What 3.1.0 does not send has a default. */
const HELLO = z.object({
  v: z.literal(1),
  daemon_version: z.string(),
  daemon_started_at_ms: z.number(),
  refresh_ms: z.number(),
  rules: z.array(z.object({
    id: z.string(),
    name: z.string(),
    proto: z.enum(["tcp", "udp"]),
    listen: z.string(),
    targets: z.array(target),
    splice_capable: z.boolean(),
    udp_max_flows: nullable,
    sni_pattern: z.string().nullable().default(null),
  })),
});
const SNAPSHOT = z.object({
  t_ms: z.number(),
  uptime_ms: z.number(),
  seq: z.number(),
  process: z.object({ fd_open: nullable, fd_limit: nullable, rss_bytes: nullable }),
  r: z.array(z.object({
    id: z.string(),
    in: z.number(),
    out: z.number(),
    conns_active: z.number(),
    conns_total: z.number(),
    datagrams_in: z.number(),
    datagrams_out: z.number(),
    flows_active: z.number(),
    target_failovers_total: z.number(),
    err: z.record(z.string(), z.number()),
    health: z.array(health).default([]),
    limits_rejected: z.number().default(0),
  })),
});

/** One line of the socket. */
export type StatsMessage =
  | { readonly kind: "hello"; readonly hello: Hello; readonly json: unknown }
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot; readonly json: unknown };

/**
 * Reads one line.
 *
 * @throws {Error} when it is neither a hello nor a snapshot
 */
export function parseStatsLine(line: string): StatsMessage {
  const json: unknown = JSON.parse(line);
  if (typeof json === "object" && json !== null && "v" in json) {
    return { kind: "hello", hello: HELLO.parse(json), json };
  }
  return { kind: "snapshot", snapshot: SNAPSHOT.parse(json), json };
}

/**
 * The lines of `stream`, until its end. An unfinished last one is dropped.
 *
 * @throws {Error} when a line is longer than `maxBytes`
 */
export async function* statsLines(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number = STANDALONE.statsLineMaxBytes,
): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const utf8 = new TextDecoder();
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const parts = [...pending, chunk.subarray(start, end)];
      check(pendingBytes + end - start);
      yield utf8.decode(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
      [pending, pendingBytes, start] = [[], 0, end + 1];
    }
    pending.push(chunk.slice(start));
    pendingBytes += chunk.length - start;
    check(pendingBytes);
  }
  function check(bytes: number): void {
    if (bytes > maxBytes) throw new Error(`a line is longer than ${maxBytes} bytes`);
  }
}

/** A connection to the socket at `path`; messages end when the daemon closes it. */
export async function connectStats(
  path: string,
): Promise<Disposable & { messages(): AsyncGenerator<StatsMessage> }> {
  let conn: Deno.UnixConn;
  try {
    conn = await connectUnix(path);
  } catch (error) {
    throw new Error(`cannot connect to ${path}: ${error instanceof Error ? error.message : error}`);
  }
  let isClosed = false;
  return {
    async *messages() {
      try {
        for await (const line of statsLines(conn.readable)) yield parseStatsLine(line);
      } catch (error) {
        if (!isClosed) throw error;
      } finally {
        isClosed = true;
      }
    },
    [Symbol.dispose]() {
      if (isClosed) return;
      isClosed = true;
      conn.close();
    },
  };
}
