import { closeQuietly } from "../../tests/kit/targets.ts";
import { type FleetRule, isUdp } from "./fleet_rules.ts";
import { payload } from "./load.ts";

/** How an exchange ended, and what says so. A `mismatch` is never excused. */
export interface End {
  readonly kind: "ok" | "broken off" | "late" | "mismatch";
  readonly why: string;
}

export interface TrafficOptions {
  readonly random: () => number;
  /** What a connection to a rule begins with that goes by server name. */
  readonly hello: Uint8Array<ArrayBuffer>;
}

const BYTES_MAX = 32 * 1_024;
/** Some connections last, and talk again and again. */
const LASTING_SHARE = 0.02;
const LASTING_ROUNDS = 10;
const LASTING_PAUSE_MS = 300;
const DATAGRAM_MAX = 1_200;
/** A datagram may be lost; three of them are not. */
const ATTEMPTS = 3;
/** Longer than every deadline of the programs, however little of the machine they get. */
const DATAGRAM_PATIENCE_MS = 10_000;
const STREAM_PATIENCE_MS = 60_000;

/** Sends something through `rule` and compares what comes back. Never rejects. */
export function exchange(rule: FleetRule, options: TrafficOptions): Promise<End> {
  const port = rule.ports[Math.floor(options.random() * rule.ports.length)] ?? 0;
  const route = { ...options, rule, port };
  return isUdp(rule.kind) ? exchangeUdp(route) : exchangeTcp(route);
}

interface Route extends TrafficOptions {
  readonly rule: FleetRule;
  readonly port: number;
}

async function exchangeTcp(route: Route): Promise<End> {
  const { rule, port, random, hello } = route;
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch (error) {
    return { kind: "broken off", why: `connect: ${error}` };
  }
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    closeQuietly(conn);
  }, STREAM_PATIENCE_MS);
  try {
    const rounds = random() < LASTING_SHARE ? LASTING_ROUNDS : 1;
    for (let round = 0; round < rounds; round++) {
      if (round > 0) await pause(LASTING_PAUSE_MS);
      const noise = payload(1 + Math.floor(random() * BYTES_MAX), random);
      const isFirst = round === 0;
      const data = isFirst && rule.kind === "by name" ? concat(hello, noise) : noise;
      const prefix = isFirst && rule.kind === "PROXY header" ? proxyHeader(conn) : new Uint8Array();
      rule.sent += data.length;
      const end = await roundTrip(conn, data, concat(prefix, data));
      if (end !== null) return isLate ? { ...end, kind: "late" } : end;
      rule.returned += data.length;
    }
    await conn.closeWrite();
    if (await conn.read(new Uint8Array(1)) === null) return { kind: "ok", why: "" };
    return { kind: "mismatch", why: "more came back than was sent" };
  } catch (error) {
    return { kind: isLate ? "late" : "broken off", why: `end of the stream: ${error}` };
  } finally {
    clearTimeout(late);
    closeQuietly(conn);
  }
}

/** Version 1 of the header (PROXY protocol, section 2.1), as the target gets it for this peer. */
function proxyHeader({ localAddr, remoteAddr }: Deno.TcpConn): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(
    `PROXY TCP4 127.0.0.1 127.0.0.1 ${localAddr.port} ${remoteAddr.port}\r\n`,
  );
}

/** @returns `null` when what came back is right */
async function roundTrip(
  conn: Deno.TcpConn,
  data: Uint8Array,
  expected: Uint8Array,
): Promise<End | null> {
  const received = new Uint8Array(expected.length);
  // Reading says what became of it.
  const writing = writeAll(conn, data).catch(() => undefined);
  const { filled, why } = await fill(conn, received);
  if (filled === expected.length) await writing;
  if (!isPrefix(received.subarray(0, filled), expected)) {
    return { kind: "mismatch", why: `in the first ${filled} of ${expected.length} bytes` };
  }
  return filled === expected.length
    ? null
    : { kind: "broken off", why: `${filled} of ${expected.length} bytes came back: ${why}` };
}

/** Sends a datagram until it comes back. */
async function exchangeUdp({ rule, port, random }: Route): Promise<End> {
  const data = payload(1 + Math.floor(random() * DATAGRAM_MAX), random);
  let end: End = { kind: "broken off", why: "" };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      socket.close();
    }, DATAGRAM_PATIENCE_MS);
    try {
      rule.sent += data.length;
      await socket.send(data, { transport: "udp", hostname: "127.0.0.1", port });
      const [echoed] = await socket.receive();
      rule.returned += echoed.length;
      return echoed.length === data.length && isPrefix(echoed, data)
        ? { kind: "ok", why: "" }
        : { kind: "mismatch", why: `${echoed.length} of ${data.length} bytes` };
    } catch (error) {
      // Lost, or nobody is there.
      end = { kind: isLate ? "late" : "broken off", why: String(error) };
    } finally {
      clearTimeout(late);
      if (!isLate) socket.close();
    }
  }
  return end;
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

async function fill(
  conn: Deno.Conn,
  into: Uint8Array,
): Promise<{ readonly filled: number; readonly why: string }> {
  let filled = 0;
  try {
    while (filled < into.length) {
      const n = await conn.read(into.subarray(filled));
      if (n === null) return { filled, why: "the stream ended" };
      filled += n;
    }
    return { filled, why: "" };
  } catch (error) {
    return { filled, why: String(error) };
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array([...a, ...b]);

const isPrefix = (part: Uint8Array, whole: Uint8Array): boolean =>
  part.every((byte, i) => byte === whole[i]);
