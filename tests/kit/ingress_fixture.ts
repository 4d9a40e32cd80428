/** The ingress between clients and upstreams that are only memory. */

import { INGRESS } from "../../src/core/publish_limits.ts";
import { ClientConnection } from "../../src/publish/ingress/client_connection.ts";
import { Deadlines } from "../../src/publish/ingress/deadlines.ts";
import { IngressMetrics } from "../../src/telemetry/ingress_metrics.ts";
import type { IngressRoute } from "../../src/publish/ingress/route.ts";
import { routing } from "../../src/publish/ingress/routing.ts";
import { UpstreamPool } from "../../src/publish/ingress/upstream_pool.ts";
import { FakeClock } from "./fake_clock.ts";
import { silentLogger } from "./silent_logger.ts";
import { type Cut, MemoryTransport } from "./transports.ts";

/** What an upstream is told about a client of the fixture. */
export const ORIGIN =
  "X-Real-IP: 192.0.2.7\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";

/** A route to an upstream without a login. */
export const APP: IngressRoute = {
  host: "app.test",
  target: { kind: "proxy", upstream: { hostname: "upstream.test", port: 80 } },
  gate: null,
};

export class IngressFixture {
  readonly clock = new FakeClock();
  readonly deadlines = new Deadlines(this.clock);
  readonly metrics = new IngressMetrics();
  readonly routes: Map<string, IngressRoute>;
  /** The other ends of connections to upstreams, in the order they were made. */
  readonly upstreams: MemoryTransport[] = [];
  readonly pool: UpstreamPool;
  /** Served connections that have not ended. */
  readonly open = new Set<ClientConnection>();
  /** Fails the next connects with these. */
  readonly connectErrors: Error[] = [];
  readonly #cut: Cut | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor({ routes = [APP], cut }: {
    readonly routes?: readonly IngressRoute[];
    readonly cut?: Cut;
  } = {}) {
    this.routes = new Map(routes.map((route) => [route.host, route]));
    this.#cut = cut;
    this.pool = new UpstreamPool((_upstream, signal) => this.#connect(signal), this.deadlines);
  }

  /** Makes connects wait until they are given up. */
  isUnreachable = false;

  /** A client's end of a new connection. */
  client(serverName: string | null = null): MemoryTransport {
    const [client, transport] = MemoryTransport.pair(this.#cut);
    const { routes, pool, metrics } = this;
    const connection = new ClientConnection({
      transport: Object.assign(transport, { serverName }),
      remoteAddress: "::ffff:192.0.2.7",
      deadlines: this.deadlines,
      handler: routing({ routes, pool, metrics, logger: silentLogger }),
      onRefused: (status) => metrics.answered(null, status),
      onClosed: (it) => this.open.delete(it),
    });
    this.open.add(connection);
    void connection.serve();
    return client;
  }

  /** The upstream's end of the `n`-th connection to it (from 0), once there is one. */
  async upstream(n = 0): Promise<MemoryTransport> {
    while (true) {
      const upstream = this.upstreams[n];
      if (upstream !== undefined) return upstream;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves when somebody waits for an upstream that is unreachable. */
  connecting(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Moves time so far that whatever had `ms` milliseconds has none left. */
  pass(ms: number): void {
    this.clock.advance(ms + 3 * INGRESS.deadlineIntervalMs);
  }

  async #connect(signal: AbortSignal): Promise<MemoryTransport> {
    const error = this.connectErrors.shift();
    if (error !== undefined) throw error;
    if (this.isUnreachable) {
      for (const resolve of this.#waiting.splice(0)) resolve();
      return await new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    }
    const [ingress, upstream] = MemoryTransport.pair(this.#cut);
    this.upstreams.push(upstream);
    for (const resolve of this.#waiting.splice(0)) resolve();
    return await Promise.resolve(ingress);
  }
}
