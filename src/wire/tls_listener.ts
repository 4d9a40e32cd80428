/**
 * A TLS listener that offers HTTP/2.
 *
 * @module
 */

import { createSecureContext, TLSSocket } from "node:tls";
import type { SocketAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { CONTROL_CONNECTIONS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { TcpListener } from "../system/tcp_listener.ts";
import type { TcpSocket } from "../system/tcp_socket.ts";
import { formatPeer } from "./peer.ts";
import type { CertificatePair } from "./self_signed.ts";

/** How many connections, and for how long one may be of no use, in milliseconds. */
export type TlsLimits = Readonly<Record<keyof typeof CONTROL_CONNECTIONS, number>>;

export interface TlsListenerOptions {
  /** An IP address, and a port; port 0 lets the system choose. */
  readonly listen: SocketAddress;
  readonly tls: CertificatePair;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default {CONTROL_CONNECTIONS} */
  readonly limits?: TlsLimits | undefined;
  /**
   * Called with every connection whose handshake succeeded; `tcp` is what it runs on. It is cut
   * after a while, unless it is in use then.
   */
  readonly onConnection: (socket: TLSSocket, tcp: TcpSocket) => void;
}

/** What a connection is used for. Disposing it ends the use. */
export type Use = Disposable;

export interface TlsListener {
  /** Where it listens, with the port that was chosen. */
  readonly address: SocketAddress;
  /** New connections get this certificate; established ones go on. */
  useCertificate(pair: CertificatePair): void;
  /** Keeps the connection of `peer`, as {@linkcode formatPeer} writes it, until the last use of it has ended. */
  use(peer: string): Use;
  /** Closes the port. Established connections go on; resolves when the last of them has ended. */
  drain(): Promise<void>;
  /** Closes everything, and resolves when it is closed. */
  close(): Promise<void>;
}

const contextOf = ({ certPem, keyPem }: CertificatePair) =>
  createSecureContext({ cert: certPem, key: keyPem });

/** @throws what the system says when the address cannot be bound */
export function listenTls(options: TlsListenerOptions): TlsListener {
  const { listen, tls, clock, logger, limits = CONTROL_CONNECTIONS, onConnection } = options;
  let secureContext = contextOf(tls);
  const connections = new Map<string, Connection>();
  const listener = new TcpListener({
    listen,
    limits,
    clock,
    logger,
    onConnection(tcp) {
      const peer = formatPeer(`${tcp.remoteAddress}:${tcp.remotePort}`);
      const connection = new Connection(tcp, clock);
      connections.set(peer, connection);
      tcp.once("close", () => {
        connection.close();
        if (connections.get(peer) === connection) connections.delete(peer);
      });
      connection.expect(limits.handshakeTimeoutMs);
      const socket = new TLSSocket(tcp, { isServer: true, secureContext, ALPNProtocols: ["h2"] });
      // A handshake that fails is the client's affair: it sees why.
      socket.on("error", () => tcp.destroy());
      socket.once("secure", () => {
        connection.expect(limits.unusedTimeoutMs);
        onConnection(socket, tcp);
      });
    },
  });
  return {
    address: listener.address,
    useCertificate: (pair) => secureContext = contextOf(pair),
    use: (peer) => connections.get(peer)?.use(limits.unusedTimeoutMs) ?? UNUSED,
    drain: () => listener.drain(),
    close() {
      for (const socket of listener.sockets) socket.destroy();
      return listener.drain();
    },
  };
}

/** The use of a connection that is gone already. */
const UNUSED: Use = { [Symbol.dispose]: () => undefined };

/** Cuts a connection that is of no use for too long. */
class Connection {
  readonly #tcp: TcpSocket;
  readonly #clock: Clock;
  #deadline: Disposable | null = null;
  #uses = 0;

  constructor(tcp: TcpSocket, clock: Clock) {
    this.#tcp = tcp;
    this.#clock = clock;
  }

  /** Gives it `ms` milliseconds for what comes next. */
  expect(ms: number): void {
    this.close();
    if (!this.#tcp.destroyed) this.#deadline = this.#clock.timer(ms, () => this.#tcp.destroy());
  }

  /** Afterwards it has `idleMs` milliseconds for another use. */
  use(idleMs: number): Use {
    this.#uses += 1;
    this.#tcp.busy = true;
    this.close();
    return {
      [Symbol.dispose]: () => {
        this.#uses -= 1;
        this.#tcp.busy = this.#uses > 0;
        if (this.#uses === 0) this.expect(idleMs);
      },
    };
  }

  /** There is nothing to wait for any more. */
  close(): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = null;
  }
}
