/**
 * What becomes of a request: its host decides, then the login in front of it.
 *
 * @module
 */

import { errorText } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Exchange } from "./exchange.ts";
import type { Origin } from "./forwarded_head.ts";
import { BadMessage } from "./http1/bad_message.ts";
import { isFieldContent } from "./http1/field_lines.ts";
import type { IngressMetrics } from "../../telemetry/ingress_metrics.ts";
import { proxy } from "./proxy.ts";
import type { Admitted, IngressRoute, RouteTable } from "./route.ts";
import { sendResponse, toRequest } from "./site_answer.ts";
import { UpstreamFailure, type UpstreamPool } from "./upstream_pool.ts";

export interface RoutingOptions {
  readonly routes: RouteTable;
  readonly pool: UpstreamPool;
  readonly metrics: IngressMetrics;
  readonly logger: Logger;
}

/** Answers requests to the hosts of `routes`. */
export function routing(options: RoutingOptions): (exchange: Exchange) => Promise<void> {
  const { routes, metrics } = options;
  return async (exchange) => {
    const { head: { host }, client: { serverName } } = exchange;
    const route = routes.get(host);
    try {
      // Whoever named one host to the certificate gets no other (RFC 9110 §7.4).
      const isNamed = serverName === null || serverName === host;
      if (route === undefined || !isNamed) await exchange.answer(421);
      else await serve(exchange, route, options);
    } finally {
      metrics.answered(route?.host ?? null, exchange.status);
    }
  };
}

async function serve(
  exchange: Exchange,
  route: IngressRoute,
  options: RoutingOptions,
): Promise<void> {
  const { metrics, logger } = options;
  try {
    await serveTarget(exchange, route, options);
  } catch (error) {
    const isUpstream = error instanceof UpstreamFailure;
    if (isUpstream) {
      metrics.upstreamFailed(route.host, error.problem);
      logger.debug("ingress.upstream_failed", { host: route.host, error: errorText(error.cause) });
    }
    // An answer that has begun cannot be mended, but its end can be told.
    if (exchange.status !== null) throw error;
    if (isUpstream || error instanceof BadMessage) return await exchange.answer(error.status);
    throw error;
  }
}

async function serveTarget(
  exchange: Exchange,
  route: IngressRoute,
  { pool }: RoutingOptions,
): Promise<void> {
  const { target, gate } = route;
  const needsRequest = gate !== null || target.kind === "site";
  const request = needsRequest ? webRequest(exchange) : null;
  let admitted: Admitted | null = null;
  if (gate !== null && request !== null) {
    const admission = await gate.admit(request, route.host);
    if (admission.kind === "answer") return await sendResponse(exchange, admission.response);
    admitted = admission;
  }
  const setCookie = admitted?.setCookie ?? null;
  if (target.kind === "proxy") {
    const { upstream } = target;
    const origin = originOf(exchange, admitted);
    return await proxy({ exchange, upstream, pool, origin, setCookie });
  }
  if (request !== null) await sendResponse(exchange, await target.serve(request), setCookie);
}

/** @throws {BadMessage} 400 */
function webRequest(exchange: Exchange): Request {
  try {
    return toRequest(exchange);
  } catch {
    throw new BadMessage(400, "no request that the web knows");
  }
}

function originOf({ client: { address } }: Exchange, admitted: Admitted | null): Origin {
  const origin = { address, scheme: "https" } as const;
  if (admitted === null) return { ...origin, user: null };
  const { user, groups, cookie } = admitted;
  // Neither is anybody's choice who is not an operator; a line break in one would be a field more.
  if (![user, ...groups].every(isFieldContent)) {
    throw new TypeError("A user that no field can name");
  }
  return { ...origin, user: { name: user, groups }, cookie };
}
