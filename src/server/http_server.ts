/**
 * HTTP/1.1 for strangers: whoever is slow, idle or one too many is cut, and nobody else notices.
 *
 * `Deno.serve` has no such bounds: a connection may take for ever over its first header, and the
 * listener ends with an error when the process runs out of descriptors. `node:http` has the
 * timeouts, and takes connections from any accept loop.
 *
 * @module
 */

import type { EventEmitter } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type SocketAddress, unmapIpv4 } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { HTTP_CONNECTIONS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { TcpListener } from "../system/tcp_listener.ts";
import { TcpSocket } from "../system/tcp_socket.ts";
import type { CertificatePair } from "../wire/self_signed.ts";
import { limitBody } from "./body_time.ts";
import { TlsConnections } from "./tls_connections.ts";
import { hasBody, sendResponse, toRequest } from "./web_exchange.ts";

/** Answers a request. One that throws leaves it without an answer. */
export type Handler = (request: Request, remoteIp: string) => Response | Promise<Response>;

/** How many, and how slow. All times in milliseconds. */
export type HttpLimits = Readonly<Record<keyof typeof HTTP_CONNECTIONS, number>>;

export interface HttpServerOptions {
  readonly listen: SocketAddress;
  readonly handler: Handler;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default {HTTP_CONNECTIONS} */
  readonly limits?: HttpLimits;
  /** Speaks HTTPS with this pair; plain HTTP without. */
  readonly tls?: CertificatePair | undefined;
  /** Whether a request's body may take any time in all, given its method and target. */
  readonly isUpload?: (method: string, target: string) => boolean;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #http: Server;
  readonly #listener: TcpListener;
  readonly #tls: TlsConnections | null;
  /** Connections with a request that is not answered in full. */
  readonly #answering = new Set<TcpSocket>();

  /** Binds and serves. @throws what the system says when the address cannot be bound */
  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { listen, clock, logger, limits = HTTP_CONNECTIONS } = options;
    this.#http = createServer({
      headersTimeout: limits.headersTimeoutMs,
      // Its own time for bodies is the same for all of them.
      requestTimeout: 0,
      keepAliveTimeout: limits.idleTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    }, (message, response) => {
      // An answer that breaks off cannot be mended, but its end can be told.
      void this.#serve(message, response).catch(() => message.socket.destroy());
    });
    const emitter: EventEmitter = this.#http;
    const serve = (socket: object) => void emitter.emit("connection", socket);
    this.#tls = options.tls === undefined ? null : new TlsConnections({
      pair: options.tls,
      clock,
      timeoutMs: limits.headersTimeoutMs,
      onSecure: serve,
    });
    this.#listener = new TcpListener({
      listen,
      limits,
      clock,
      logger,
      onConnection: (socket) => this.#tls === null ? serve(socket) : this.#tls.accept(socket),
    });
    // It listens through another's port: otherwise it would keep no connection and check no time.
    this.#setListening(true);
    emitter.emit("listening");
  }

  /** Where it listens, with the port that was chosen. */
  get address(): SocketAddress {
    return this.#listener.address;
  }

  /** New connections get this certificate, where it speaks HTTPS. */
  useCertificate(pair: CertificatePair): void {
    this.#tls?.useCertificate(pair);
  }

  /** Stops accepting; requests that still run after `graceMs` milliseconds are cut. */
  async stop(graceMs: number): Promise<void> {
    this.#setListening(false);
    const drained = this.#listener.drain();
    for (const socket of this.#listener.sockets) {
      if (!this.#answering.has(socket)) socket.destroy();
    }
    using _ = this.#options.clock.timer(graceMs, () => {
      for (const socket of this.#listener.sockets) socket.destroy();
    });
    await drained;
    this.#http.close();
  }

  #setListening(value: boolean): void {
    Object.defineProperty(this.#http, "listening", { value, configurable: true });
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection: unknown = message.socket;
    const socket = this.#tls?.carrierOf(message.socket) ?? connection;
    if (!(socket instanceof TcpSocket)) throw new TypeError("A connection of another listener");
    this.#answering.add(socket);
    response.once("close", () => {
      this.#answering.delete(socket);
      socket.busy = false;
    });
    // A body that trickles in is no reason to keep others out.
    if (hasBody(message)) message.once("end", () => socket.busy = this.#answering.has(socket));
    else socket.busy = true;

    const { handler, clock, limits = HTTP_CONNECTIONS, isUpload } = this.#options;
    const { method = "", url = "" } = message;
    const idle = hasBody(message) && isUpload?.(method, url)
      ? { clock, timeoutMs: limits.uploadIdleTimeoutMs }
      : null;
    const inTime = { clock, timeoutMs: limits.requestTimeoutMs };
    if (hasBody(message) && idle === null) limitBody(message, inTime);
    let request: Request;
    try {
      request = toRequest(message, idle);
    } catch {
      response.writeHead(400, { Connection: "close" }).end();
      return;
    }
    const answer = await handler(request, unmapIpv4(socket.remoteAddress));
    await sendResponse(answer, response, clock);
    // What nobody wanted of an upload is passed over, but not for ever.
    if (idle !== null) limitBody(message, inTime);
  }
}
