/**
 * The server's plain HTTP listeners: the operator API, and metrics on loopback.
 *
 * @module
 */

import type { Hono } from "hono";
import type { AppEnv } from "../api/http.ts";
import { type SocketAddress, unmapIpv4 } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { type Metrics, METRICS_CONTENT_TYPE } from "../telemetry/metrics.ts";

/** A bound HTTP listener. */
export interface HttpListener {
  /** Where it listens, with the port that was chosen. */
  readonly address: SocketAddress;
  /** Stops accepting; requests that still run after `graceMs` milliseconds are cut. */
  stop(graceMs: number): Promise<void>;
}

type Handler = (request: Request, remoteIp: string) => Response | Promise<Response>;

/** Binds `app`. @throws what the system says when the address cannot be bound */
export function serveHttp(app: Hono<AppEnv>, listen: SocketAddress, clock: Clock): HttpListener {
  return bind(listen, clock, (request, remoteIp) => app.fetch(request, { remoteIp }));
}

/** Binds `GET /metrics`. */
export function serveMetrics(metrics: Metrics, listen: SocketAddress, clock: Clock): HttpListener {
  return bind(listen, clock, async ({ method, url }) => {
    if (new URL(url).pathname !== "/metrics") return new Response(null, { status: 404 });
    if (method !== "GET" && method !== "HEAD") {
      return new Response(null, { status: 405, headers: { Allow: "GET,HEAD" } });
    }
    const body = method === "HEAD" ? null : await metrics.render();
    return new Response(body, { headers: { "Content-Type": METRICS_CONTENT_TYPE } });
  });
}

function bind(listen: SocketAddress, clock: Clock, handler: Handler): HttpListener {
  const cut = new AbortController();
  const server = Deno.serve(
    { hostname: listen.host, port: listen.port, signal: cut.signal, onListen: () => undefined },
    (request, { remoteAddr }) => handler(request, unmapIpv4(remoteAddr.hostname)),
  );
  return {
    address: { host: server.addr.hostname, port: server.addr.port },
    async stop(graceMs) {
      using _deadline = clock.timer(graceMs, () => cut.abort());
      await server.shutdown();
    },
  };
}
