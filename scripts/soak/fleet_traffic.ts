import { closeQuietly } from "../../tests/kit/targets.ts";

/** A rule under traffic. */
export interface FleetRule {
  readonly id: string;
  /** Index of its client. */
  readonly client: number;
  readonly kind: "tcp" | "udp" | "several" | "capped" | "by name";
  readonly port: number;
  /** Bytes that came back, which are those that were sent. */
  sent: number;
  /** Connections. */
  uses: number;
  /** It is being taken away. */
  isRemoved?: boolean;
}

/** How an exchange ended: a `mismatch` is never excused. */
export type End = "ok" | "broken off" | "mismatch";

const BYTES_MAX = 32 * 1_024;
const DATAGRAM_MAX = 1_200;
/** A datagram may be lost; three of them are not. */
const ATTEMPTS = 3;
const DATAGRAM_PATIENCE_MS = 3_000;
const STREAM_PATIENCE_MS = 30_000;

/** Sends noise, after a ClientHello where the rule goes by names, and compares what comes back. */
export async function exchangeTcp(
  rule: FleetRule,
  { random, hello }: { readonly random: () => number; readonly hello: Uint8Array },
): Promise<End> {
  const noise = Uint8Array.from({ length: 1 + random() * BYTES_MAX }, () => random() * 256);
  const data = rule.kind === "by name" ? new Uint8Array([...hello, ...noise]) : noise;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: rule.port }).catch(() => null);
  if (conn === null) return "broken off";
  const late = setTimeout(() => closeQuietly(conn), STREAM_PATIENCE_MS);
  try {
    const received = new Uint8Array(data.length);
    // Reading says what became of it.
    const writing = writeAll(conn, data).catch(() => undefined);
    const filled = await fill(conn, received);
    await writing;
    if (filled < data.length) {
      return isPrefix(received.subarray(0, filled), data) ? "broken off" : "mismatch";
    }
    rule.sent += data.length;
    rule.uses += 1;
    return isPrefix(received, data) ? "ok" : "mismatch";
  } catch {
    return "broken off";
  } finally {
    clearTimeout(late);
    closeQuietly(conn);
  }
}

/** Sends a datagram until it comes back. */
export async function exchangeUdp(rule: FleetRule, random: () => number): Promise<End> {
  const data = Uint8Array.from({ length: 1 + random() * DATAGRAM_MAX }, () => random() * 256);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      socket.close();
    }, DATAGRAM_PATIENCE_MS);
    try {
      await socket.send(data, { transport: "udp", hostname: "127.0.0.1", port: rule.port });
      const [echoed] = await socket.receive();
      return echoed.length === data.length && isPrefix(echoed, data) ? "ok" : "mismatch";
    } catch {
      // Lost, or nobody is there.
    } finally {
      clearTimeout(late);
      if (!isLate) socket.close();
    }
  }
  return "broken off";
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

async function fill(conn: Deno.Conn, into: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const n = await conn.read(into.subarray(filled)).catch(() => null);
    if (n === null) break;
    filled += n;
  }
  return filled;
}

const isPrefix = (part: Uint8Array, whole: Uint8Array): boolean =>
  part.every((byte, i) => byte === whole[i]);
