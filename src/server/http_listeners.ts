/**
 * What the server's plain HTTP listeners answer: the operator API, and metrics on loopback.
 *
 * @module
 */

import type { Hono } from "hono";
import type { AppEnv } from "../api/http.ts";
import type { RuleService } from "../control/rules.ts";
import type { SocketAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { type Metrics, METRICS_CONTENT_TYPE } from "../telemetry/metrics.ts";
import type { CertificatePair } from "../wire/self_signed.ts";
import { HttpServer } from "./http_server.ts";

/** Routes that take files of any size. */
const UPLOADS = /^\/v1\/sites\/[^/?]+\/files(?:\?|$)/;

/** Where a listener listens, and what it needs of its surroundings. */
export interface ListenOptions {
  readonly listen: SocketAddress;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Speaks HTTPS with this pair; plain HTTP without. */
  readonly tls?: CertificatePair | undefined;
}

/** Binds `app`. @throws what the system says when the address cannot be bound */
export function serveHttp(app: Hono<AppEnv>, options: ListenOptions): HttpServer {
  return new HttpServer({
    ...options,
    handler: (request, remoteIp) => app.fetch(request, { remoteIp }),
    isUpload: (method, target) => /^(?:PUT|POST)$/.test(method) && UPLOADS.test(target),
  });
}

export interface MetricsListenerOptions extends ListenOptions {
  readonly metrics: Metrics;
  /** Whose routes by server name are counted at each scrape. */
  readonly rules: Pick<RuleService, "sniRouteCount">;
}

/** Binds `GET /metrics`. */
export function serveMetrics(
  { metrics, rules, ...options }: MetricsListenerOptions,
): HttpServer {
  const handler = ({ method, url }: Request): Response => {
    if (new URL(url).pathname !== "/metrics") return new Response(null, { status: 404 });
    if (method !== "GET" && method !== "HEAD") {
      return new Response(null, { status: 405, headers: { Allow: "GET,HEAD" } });
    }
    metrics.setSniRoutesActive(rules.sniRouteCount());
    const body = method === "HEAD" ? null : metrics.render();
    return new Response(body, { headers: { "Content-Type": METRICS_CONTENT_TYPE } });
  };
  return new HttpServer({ ...options, handler });
}
