/**
 * What the server's plain HTTP listeners answer: the operator API, and metrics on loopback.
 *
 * @module
 */

import type { Hono } from "hono";
import type { AppEnv } from "../api/http.ts";
import type { SocketAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { type Metrics, METRICS_CONTENT_TYPE } from "../telemetry/metrics.ts";
import { HttpServer } from "./http_server.ts";

/** Binds `app`. @throws what the system says when the address cannot be bound */
export function serveHttp(app: Hono<AppEnv>, listen: SocketAddress, clock: Clock): HttpServer {
  return new HttpServer({
    listen,
    clock,
    handler: (request, remoteIp) => app.fetch(request, { remoteIp }),
  });
}

/** Binds `GET /metrics`. */
export function serveMetrics(metrics: Metrics, listen: SocketAddress, clock: Clock): HttpServer {
  const handler = async ({ method, url }: Request): Promise<Response> => {
    if (new URL(url).pathname !== "/metrics") return new Response(null, { status: 404 });
    if (method !== "GET" && method !== "HEAD") {
      return new Response(null, { status: 405, headers: { Allow: "GET,HEAD" } });
    }
    const body = method === "HEAD" ? null : await metrics.render();
    return new Response(body, { headers: { "Content-Type": METRICS_CONTENT_TYPE } });
  };
  return new HttpServer({ listen, clock, handler });
}
