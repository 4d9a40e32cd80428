/**
 * Things to forward to, and a client to forward from.
 *
 * @module
 */

import { freeRange } from "./ports.ts";

/** A TCP server on an ephemeral loopback port. */
export interface Target extends AsyncDisposable {
  readonly port: number;
  /** Resolves when no connection is open, at once if that is so now. */
  drained(): Promise<void>;
}

/** Sends back what it gets, half-closes when its peer does. */
export function echoTarget(): Target {
  return tcpTarget((conn) => conn.readable.pipeTo(conn.writable));
}

/** Serves each connection with `serve`, which owns it. */
export function tcpTarget(serve: (conn: Deno.TcpConn) => Promise<void>, port = 0): Target {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const connections = new Map<Deno.TcpConn, Promise<void>>();
  const waiting: (() => void)[] = [];
  const accepting = (async () => {
    for await (const conn of listener) {
      const served = serve(conn).catch(() => undefined).finally(() => {
        connections.delete(conn);
        closeQuietly(conn);
        if (connections.size === 0) waiting.splice(0).forEach((resolve) => resolve());
      });
      connections.set(conn, served);
    }
  })();
  return {
    port: listener.addr.port,
    drained: () =>
      connections.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const conn of connections.keys()) closeQuietly(conn);
      await Promise.all(connections.values());
    },
  };
}

/** Two echo targets on adjacent ports, and how many connections each has served. */
export function adjacentTargets(): AsyncDisposable & {
  readonly port: number;
  readonly served: readonly number[];
} {
  const served = [0, 0];
  const echo = (index: number) => (conn: Deno.TcpConn) => {
    served[index] = (served[index] ?? 0) + 1;
    return conn.readable.pipeTo(conn.writable);
  };
  const port = freeRange(2);
  const targets = [tcpTarget(echo(0), port), tcpTarget(echo(1), port + 1)];
  return {
    port,
    served,
    async [Symbol.asyncDispose]() {
      for (const target of targets) await target[Symbol.asyncDispose]();
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
