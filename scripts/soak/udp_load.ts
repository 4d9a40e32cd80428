import { checkEcho, type Load, noTally, payload } from "./load.ts";

/** Small enough for one of every worker's to fit the buffer of a socket: none has to be lost. */
const DATAGRAM_MAX = 1_400;
/** How long a datagram may take to come back. */
const PATIENCE_MS = 5_000;
/** Exchanges of one socket; the next one is a new flow. */
const EXCHANGES = 5;

/** Datagrams to a port behind which every one is sent back, each after the one before it. */
export function udpLoad({ rule, port, turns }: {
  readonly rule: string;
  readonly port: number;
  readonly turns: number;
}): Load {
  const tally = noTally();
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port };
  return {
    rule,
    turns,
    tally,
    async once(random) {
      using socket = bind();
      tally.connections += 1;
      const late = setTimeout(() => socket.close(), PATIENCE_MS);
      try {
        for (let i = 0; i < EXCHANGES; i++) {
          const data = payload(1 + Math.floor(random() * DATAGRAM_MAX), random);
          await socket.send(data, to);
          tally.sent += data.length;
          const [echoed] = await socket.receive();
          tally.received += echoed.length;
          if (echoed.length !== data.length) throw new Error("a datagram came back cut");
          checkEcho(data, 0, echoed);
        }
      } catch (error) {
        tally.failures += 1;
        tally.lastFailure = String(error);
      } finally {
        clearTimeout(late);
      }
    },
  };
}

/** Sends every datagram back. */
export function udpEchoServer(): Disposable & { readonly port: number } {
  const socket = bind();
  void (async () => {
    for await (const [data, from] of socket) await socket.send(data, from);
  })().catch(() => undefined);
  return { port: (socket.addr as Deno.NetAddr).port, [Symbol.dispose]: () => socket.close() };
}

function bind(): Deno.DatagramConn & Disposable {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  let isClosed = false;
  const close = socket.close.bind(socket);
  return Object.assign(socket, {
    close() {
      if (!isClosed) close();
      isClosed = true;
    },
    [Symbol.dispose]: () => socket.close(),
  });
}
