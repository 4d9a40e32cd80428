import { checkEcho, type Load, noTally, payload } from "./load.ts";

/** How much a connection carries: mostly little, sometimes more than any buffer holds. */
const SHORT_MAX = 2_000;
const LONG_BYTES = 300 * 1_024;
const LONG_SHARE = 0.01;

/** Connections to a port behind which everything is sent back. */
export function tcpLoad({ rule, port, turns, preface = new Uint8Array() }: {
  readonly rule: string;
  readonly port: number;
  readonly turns: number;
  /** What each connection begins with: a ClientHello, where rules share a port. */
  readonly preface?: Uint8Array<ArrayBuffer>;
}): Load {
  const tally = noTally();
  return {
    rule,
    turns,
    tally,
    async once(random) {
      tally.connections += 1;
      const length = random() < LONG_SHARE ? LONG_BYTES : 1 + Math.floor(random() * SHORT_MAX);
      const data = payload(length, random);
      try {
        using conn = await Deno.connect({ hostname: "127.0.0.1", port });
        const writing = send(conn, [preface, data]);
        const total = preface.length + data.length;
        tally.sent += total;
        const buffer = new Uint8Array(length === LONG_BYTES ? 65_536 : SHORT_MAX + 1_024);
        for (let at = 0; at < total;) {
          const count = await conn.read(buffer);
          if (count === null) throw new Error(`the stream ended after ${at} of ${total} bytes`);
          tally.received += count;
          check({ preface, data, at, part: buffer.subarray(0, count) });
          at += count;
        }
        await writing;
        if (await conn.read(buffer) !== null) throw new Error("more came back than was sent");
      } catch (error) {
        tally.failures += 1;
        tally.lastFailure = String(error);
      }
    },
  };
}

/** Sends everything, then the end of the stream. */
async function send(conn: Deno.TcpConn, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) {
    for (let rest = part; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
  }
  await conn.closeWrite();
}

function check({ preface, data, at, part }: {
  readonly preface: Uint8Array;
  readonly data: Uint8Array;
  readonly at: number;
  readonly part: Uint8Array;
}): void {
  const inPreface = Math.max(0, Math.min(part.length, preface.length - at));
  checkEcho(preface, at, part.subarray(0, inPreface));
  checkEcho(data, at + inPreface - preface.length, part.subarray(inPreface));
}

/** Sends back what comes, to any number of connections. */
export function echoServer(): Disposable & { readonly port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1_024 });
  void (async () => {
    for await (const conn of listener) void echo(conn);
  })();
  return { port: listener.addr.port, [Symbol.dispose]: () => listener.close() };
}

/** Never rejects: the other end notices what goes wrong here. */
async function echo(conn: Deno.TcpConn): Promise<void> {
  using _conn = conn;
  const buffer = new Uint8Array(16 * 1_024);
  try {
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      for (let at = 0; at < n;) at += await conn.write(buffer.subarray(at, n));
    }
    await conn.closeWrite();
  } catch {
    // Said by the end that counts failures.
  }
}
