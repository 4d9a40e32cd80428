/**
 * `/v1/metrics`
 *
 * @module
 */

import { type Metrics, METRICS_CONTENT_TYPE } from "../../telemetry/metrics.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";

export interface MetricsRoutesOptions {
  readonly metrics: Metrics;
}

export function metricsRoutes(route: Route, { metrics }: MetricsRoutesOptions): void {
  route("/v1/metrics", {
    GET: operation({
      summary: "Show the metrics",
      description: "What `/metrics` on the metrics listener shows, except that " +
        "`portunus_tls_sni_routes_active` is as it was scraped there last.",
      caller: "superadmin",
      success: {
        status: 200,
        description: "Prometheus text.",
        mediaType: METRICS_CONTENT_TYPE,
        example: "# TYPE portunus_clients_connected gauge\nportunus_clients_connected 2\n",
      },
      errors: [],
      handle(c) {
        c.header("Content-Type", METRICS_CONTENT_TYPE);
        return c.body(metrics.render());
      },
    }),
  });
}
