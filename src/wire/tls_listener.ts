/**
 * A TLS listener that offers HTTP/2.
 *
 * @module
 */

import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { SocketAddress } from "../core/address.ts";
import type { CertificatePair } from "./self_signed.ts";

export interface TlsListenerOptions {
  /** An IP address, and a port; port 0 lets the system choose. */
  readonly listen: SocketAddress;
  readonly tls: CertificatePair;
  /** Called with every connection whose handshake succeeded. */
  readonly onConnection: (socket: TLSSocket) => void;
}

export interface TlsListener {
  /** Where it listens, with the port that was chosen. */
  readonly address: SocketAddress;
  /** New connections get this certificate; established ones go on. */
  useCertificate(pair: CertificatePair): void;
  /** Closes the port. Established connections go on; resolves when the last of them has ended. */
  drain(): Promise<void>;
  /** Closes everything, and resolves when it is closed. */
  close(): Promise<void>;
}

const context = ({ certPem, keyPem }: CertificatePair) => ({ cert: certPem, key: keyPem });

/** @throws {Error} when the address cannot be bound, with the system's message */
export async function listenTls(options: TlsListenerOptions): Promise<TlsListener> {
  const { listen, tls, onConnection } = options;
  const server = createServer({ ...context(tls), ALPNProtocols: ["h2"] }, onConnection);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  // A handshake that fails is the client's affair: it sees why.
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: listen.host, port: listen.port }, resolve);
  });
  const bound = server.address();
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  server.on("close", onClosed);
  return {
    address: {
      host: listen.host,
      port: bound !== null && typeof bound === "object" ? bound.port : listen.port,
    },
    useCertificate: (pair) => server.setSecureContext(context(pair)),
    drain() {
      server.close();
      return closed;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
