/** A TCP relay that can be cut: what a network failure looks like to both ends. */

/** Relays connections to a port of this machine. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Closes every connection, without a word of TLS or HTTP/2 to either end. */
  cut(): void;
}

export function startRelay(targetPort: number): Relay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sockets: Deno.Conn[] = [];
  const serving = (async () => {
    for await (const inner of listener) {
      const outer = await Deno.connect({ hostname: "127.0.0.1", port: targetPort });
      sockets.push(inner, outer);
      pump(inner, outer);
      pump(outer, inner);
    }
  })();
  const cut = () => {
    for (const socket of sockets.splice(0)) socket.close();
  };
  return {
    port: listener.addr.port,
    cut,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
      cut();
    },
  };
}

function pump(from: Deno.Conn, to: Deno.Conn): void {
  void from.readable.pipeTo(to.writable).catch(() => {/* Cut, which is what relays are for. */});
}
