/**
 * Things to forward to, and a client to forward from.
 *
 * @module
 */

/** A TCP server on an ephemeral loopback port. */
export interface Target extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open right now. */
  readonly open: number;
}

/** Sends back what it gets, half-closes when its peer does. */
export function echoTarget(): Target {
  return tcpTarget((conn) => conn.readable.pipeTo(conn.writable));
}

/** Serves each connection with `serve`, which owns it. */
export function tcpTarget(serve: (conn: Deno.TcpConn) => Promise<void>): Target {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Map<Deno.TcpConn, Promise<void>>();
  const accepting = (async () => {
    for await (const conn of listener) {
      const served = serve(conn).catch(() => undefined).finally(() => {
        connections.delete(conn);
        closeQuietly(conn);
      });
      connections.set(conn, served);
    }
  })();
  return {
    port: listener.addr.port,
    get open() {
      return connections.size;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const conn of connections.keys()) closeQuietly(conn);
      await Promise.all(connections.values());
    },
  };
}

/** Closes a connection that may be closed already. */
export function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
