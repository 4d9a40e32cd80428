/**
 * A listening TCP port that cannot be filled up, whose connections are streams.
 *
 * @module
 */

import type { SocketAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { type Accepting, BoundedListener, type ConnectionLimits } from "./bounded_listener.ts";
import { TcpSocket } from "./tcp_socket.ts";

/**
 * Listens on a TCP port; port 0 lets the system choose one.
 *
 * @throws what the system says when the address cannot be bound
 */
export function listenTcp(
  { host, port }: SocketAddress,
): Accepting<Deno.TcpConn> & { readonly address: SocketAddress } {
  const listener = Deno.listen({ hostname: host, port });
  return {
    address: { host: listener.addr.hostname, port: listener.addr.port },
    accept: () => listener.accept(),
    close: () => listener.close(),
  };
}

export interface TcpListenerOptions {
  /** An IP address, and a port; port 0 lets the system choose. */
  readonly listen: SocketAddress;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gets every connection there is room for. */
  readonly onConnection: (socket: TcpSocket) => void;
}

export class TcpListener extends BoundedListener<Deno.TcpConn, TcpSocket> {
  /** @throws what the system says when the address cannot be bound */
  constructor({ listen, limits, clock, logger, onConnection }: TcpListenerOptions) {
    const listener = listenTcp(listen);
    super({
      listener,
      address: listener.address,
      limits,
      clock,
      logger,
      open: (conn) => {
        const socket = new TcpSocket(conn, clock);
        socket.once("close", () => this.forget(socket));
        return socket;
      },
      onConnection,
    });
  }

  /** Open connections, the oldest first. */
  get sockets(): ReadonlySet<TcpSocket> {
    return this.connections;
  }
}
