/**
 * The Web ingress: ends TLS for published hosts and passes their requests on.
 *
 * @module
 */

import type { SocketAddress } from "../../core/address.ts";
import type { Clock } from "../../core/clock.ts";
import { INGRESS } from "../../core/publish_limits.ts";
import type { Logger } from "../../core/log.ts";
import { BoundedListener } from "../../system/bounded_listener.ts";
import { connectTcp } from "../../system/tcp_connect.ts";
import { listenTcp } from "../../system/tcp_listener.ts";
import { TcpSocket } from "../../system/tcp_socket.ts";
import type { CertificateSource, ChallengeResponder } from "../certificates/certificate.ts";
import { ClientConnection, type Handler } from "./client_connection.ts";
import { Deadlines } from "./deadlines.ts";
import type { Transport } from "./http1/transport.ts";
import { IngressMetrics } from "../../telemetry/ingress_metrics.ts";
import { plainHttp } from "./plain_http.ts";
import type { RouteTable } from "./route.ts";
import { routing } from "./routing.ts";
import { TlsContexts } from "./tls_contexts.ts";
import { TlsTransport } from "./tls_transport.ts";
import { type Connect, UpstreamPool } from "./upstream_pool.ts";

/** How many connections a listener holds. */
export type IngressLimits = Readonly<
  Record<"connectionsMax" | "connectionsPerPeerMax", number>
>;

export interface IngressOptions {
  readonly httpListen: SocketAddress;
  readonly httpsListen: SocketAddress;
  /**
   * Asked for each request. A host without a certificate is not served, so a new host appears with
   * the later of its route and its certificate, as a whole.
   */
  readonly routes: RouteTable;
  /** Asked for each TLS handshake: a renewed certificate is there for the next one. */
  readonly certificates: Pick<CertificateSource, "get">;
  readonly challenges: ChallengeResponder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default {new IngressMetrics()} */
  readonly metrics?: IngressMetrics;
  /** @default {INGRESS} */
  readonly limits?: IngressLimits;
  /** @default {connectTcp} */
  readonly connect?: Connect;
}

type WebListener = BoundedListener<Deno.TcpConn, ClientConnection>;

/** What differs between the two listeners. */
interface Listening {
  readonly name: "http" | "https";
  readonly address: SocketAddress;
  readonly transportOf: (conn: Deno.TcpConn) => Transport & { readonly serverName?: string | null };
  readonly handler: Handler;
}

export class Ingress {
  readonly metrics: IngressMetrics;
  readonly #options: IngressOptions;
  readonly #deadlines: Deadlines;
  readonly #pool: UpstreamPool;
  readonly #https: WebListener;
  readonly #http: WebListener;

  /** Binds and serves. @throws what the system says when an address cannot be bound */
  constructor(options: IngressOptions) {
    this.#options = options;
    const { routes, certificates, challenges, clock, logger, connect = connectTcp } = options;
    const metrics = this.metrics = options.metrics ?? new IngressMetrics();
    this.#deadlines = new Deadlines(clock);
    const pool = this.#pool = new UpstreamPool(connect, this.#deadlines);
    const contexts = new TlsContexts(routes, certificates);
    this.#https = this.#listen({
      name: "https",
      address: options.httpsListen,
      transportOf: (conn) =>
        new TlsTransport(
          new TcpSocket(conn, clock, INGRESS.waitBufferBytes),
          (name) => contexts.get(name),
        ),
      handler: routing({ routes, pool, metrics, logger }),
    });
    const httpsPort = this.#https.address.port;
    try {
      this.#http = this.#listen({
        name: "http",
        address: options.httpListen,
        transportOf: (conn) => conn,
        handler: plainHttp({ routes, challenges, httpsPort }),
      });
    } catch (error) {
      void this.#https.drain();
      throw error;
    }
  }

  /** Where it listens, with the ports that were chosen. */
  get addresses(): { readonly http: SocketAddress; readonly https: SocketAddress } {
    return { http: this.#http.address, https: this.#https.address };
  }

  /** Open connections to clients, and those to upstreams that are idle. */
  get connections(): {
    readonly http: number;
    readonly https: number;
    readonly idleUpstreams: number;
  } {
    return {
      http: this.#http.connections.size,
      https: this.#https.connections.size,
      idleUpstreams: this.#pool.idle,
    };
  }

  /** Stops accepting; requests and WebSockets that still run after `graceMs` milliseconds are cut. */
  async stop(graceMs: number): Promise<void> {
    const listeners = [this.#http, this.#https];
    const drained = Promise.all(listeners.map((listener) => listener.drain()));
    const all = () => listeners.flatMap(({ connections }) => [...connections]);
    for (const connection of all()) connection.drain();
    using _ = this.#options.clock.timer(graceMs, () => {
      for (const connection of all()) connection.destroy();
    });
    await drained;
    this.#pool.close();
  }

  #listen({ name, address, transportOf, handler }: Listening): WebListener {
    const { clock, logger, limits = INGRESS } = this.#options;
    const { metrics } = this;
    const listener = listenTcp(address);
    const count = () => metrics.setConnections(name, bounded.connections.size);
    const bounded: WebListener = new BoundedListener<Deno.TcpConn, ClientConnection>({
      listener,
      address: listener.address,
      limits,
      clock,
      logger,
      open: (conn) =>
        new ClientConnection({
          transport: transportOf(conn),
          remoteAddress: conn.remoteAddr.hostname,
          deadlines: this.#deadlines,
          handler,
          onRefused: (status) => metrics.answered(null, status),
          onClosed: (connection) => {
            bounded.forget(connection);
            count();
          },
        }),
      onConnection: (connection) => {
        count();
        void connection.serve();
      },
    });
    return bounded;
  }
}
