/**
 * What the conformance suite of the data plane stands on: the engines, targets, clients, and a rig
 * that puts an engine with one rule between them. Real sockets, loopback only.
 *
 * @module
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../src/core/clock.ts";
import type { Logger } from "../../src/core/log.ts";
import type { PortRange } from "../../src/core/ports.ts";
import type { RuleSpec } from "../../src/core/rule.ts";
import type { RuleCounters } from "../../src/forward/counters.ts";
import type { Forwarder } from "../../src/forward/forwarder.ts";
import { createLinuxForwarder } from "../../src/forward/linux/forwarder.ts";
import { createPortableForwarder } from "../../src/forward/portable/forwarder.ts";
import type { Resolver } from "../../src/forward/resolver.ts";
import { allClosedSince, type Descriptors, descriptors } from "./descriptors.ts";
import { createFaultyForwarder } from "./faults/faulty_engine.ts";
import { SURVIVABLE } from "./faults/mishaps.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import { freeRange } from "../kit/ports.ts";
export { seeded } from "../kit/seeded.ts";
import { tcpRule } from "./rules.ts";

/** An implementation of the contract. */
export interface Engine {
  readonly name: string;
  /** Whether it learns of ICMP errors: Deno's UDP sockets don't on Linux and macOS. */
  readonly hearsIcmp: boolean;
  /** Whether it may read less than what is there. */
  readonly readsShort?: boolean;
  create(
    options: { readonly clock: Clock; readonly logger: Logger; readonly resolver?: Resolver },
  ): Forwarder;
}

const faultsSeed = Number(
  Deno.env.get("FAULTS_SEED") ?? Math.floor(Math.random() * 2 ** 31),
);
// Processes that tests start have engines of the same names.
Deno.env.set("FAULTS_SEED", `${faultsSeed}`);
let faultyEngines = 0;

const LINUX: Engine = { name: "linux", hearsIcmp: true, create: createLinuxForwarder };

/** The Linux engine, with two Workers, over calls that go wrong in ways that nobody may notice. */
const FAULTY: Engine = {
  ...LINUX,
  readsShort: true,
  name: `linux FAULTS_SEED=${faultsSeed}`,
  create(options) {
    const plan = { seed: faultsSeed + 1_000 * faultyEngines++, mishaps: SURVIVABLE };
    return createFaultyForwarder({ ...options, plan, workers: 2 });
  },
};

/** Every engine passes every test. */
export const ENGINES: readonly Engine[] = [
  { name: "portable", hearsIcmp: Deno.build.os === "windows", create: createPortableForwarder },
  ...Deno.build.os === "linux" ? [LINUX, FAULTY] : [],
];

/** How clients and targets are reached, and how many ports the rule has. */
export interface Variant {
  readonly name: string;
  readonly engine: Engine;
  readonly loopback: "127.0.0.1" | "::1";
  readonly ports: number;
}

/** {engines} × {v4, v6} × {plain, range}. */
export const VARIANTS: readonly Variant[] = ENGINES.flatMap((engine) =>
  (["127.0.0.1", "::1"] as const).flatMap((loopback) =>
    [1, 3].map((ports) => ({
      name: `${engine.name} ${loopback === "::1" ? "v6" : "v4"} ${ports === 1 ? "plain" : "range"}`,
      engine,
      loopback,
      ports,
    }))
  )
);

/** More than a file has for itself are taken from everywhere. */
const OWN_PORTS_MAX = 1_000;

/**
 * Calls `take` with the first of `count` successive ports until it finds them free. They are this
 * file's own: a test that expects nobody at a port of its own must not call on another file's rule.
 */
export async function onFreePorts<T>(
  count: number,
  take: (start: number) => T | null | Promise<T | null>,
): Promise<T> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isOwn = count < OWN_PORTS_MAX;
    const start = isOwn ? freeRange(count) : 20_000 + Math.floor(Math.random() * (12_000 - count));
    const taken = await take(start);
    if (taken !== null) return taken;
  }
  throw new Error(`Cannot find ${count} free ports`);
}

/** Listens on `port` (a free one for 0), or `null` when it is taken. */
export function tryListen(
  hostname: string,
  port: number,
  tcpBacklog = 1024,
): Deno.TcpListener | null {
  try {
    return Deno.listen({ hostname, port, tcpBacklog });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return null;
    throw error;
  }
}

/** Servers on successive ports of loopback; the tests decide what they do. */
export class Targets implements Disposable {
  readonly ports: PortRange;
  readonly #listeners: readonly Deno.TcpListener[];
  readonly #connections: Deno.TcpConn[] = [];

  private constructor(listeners: readonly Deno.TcpListener[], start: number) {
    this.#listeners = listeners;
    this.ports = { start, end: start + listeners.length - 1 };
  }

  static listen(hostname: string, count: number): Promise<Targets> {
    return onFreePorts(count, (start) => {
      const listeners: Deno.TcpListener[] = [];
      for (let i = 0; i < count; i++) {
        const listener = tryListen(hostname, start + i);
        if (listener === null) {
          for (const other of listeners) other.close();
          return null;
        }
        listeners.push(listener);
      }
      return new Targets(listeners, start);
    });
  }

  /** The next connection to port number `index`; it is closed with the targets at the latest. */
  async accept(index = this.#listeners.length - 1): Promise<Deno.TcpConn> {
    const listener = this.#listeners[index] ?? assert.fail(`no target ${index}`);
    const connection = await listener.accept();
    this.#connections.push(connection);
    return connection;
  }

  /** Serves every connection to every port with `serve`, until the targets are disposed of. */
  serve(serve: (connection: Deno.TcpConn) => Promise<void>): void {
    for (const listener of this.#listeners) void this.#serveAll(listener, serve);
  }

  [Symbol.dispose](): void {
    for (const listener of this.#listeners) listener[Symbol.dispose]();
    for (const connection of this.#connections) connection[Symbol.dispose]();
  }

  async #serveAll(
    listener: Deno.TcpListener,
    serve: (connection: Deno.TcpConn) => Promise<void>,
  ): Promise<void> {
    for await (const connection of listener) {
      void serve(connection).catch(() => undefined).finally(() => connection[Symbol.dispose]());
    }
  }
}

/** An engine with one rule, and what surrounds it. */
export interface Rig extends AsyncDisposable {
  readonly forwarder: Forwarder;
  readonly rule: RuleSpec;
  readonly targets: Targets;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  /** Connects to listen port number `index`, by default the last. Closed with the rig at the latest. */
  connect(index?: number): Promise<Deno.TcpConn>;
  /** A client's connection, and the target's end of it. */
  pair(index?: number): Promise<{ client: Deno.TcpConn; target: Deno.TcpConn }>;
  counters(): RuleCounters;
}

/** Starts targets and an engine that forwards to them. Anything of the rule may be replaced. */
export async function startRig(
  { engine, loopback, ports }: Variant,
  { resolver, ...part }: Partial<RuleSpec> & { readonly resolver?: Resolver } = {},
): Promise<Rig> {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const forwarder = engine.create({ clock, logger, ...(resolver && { resolver }) });
  const targets = await Targets.listen(loopback, ports);
  const targetHost = loopback === "::1" ? "[::1]" : loopback;
  const rule = await openOnFreePorts(
    forwarder,
    ports,
    (listen) => tcpRule({ listen, target: targets.ports, targetHost, ...part }),
  );
  const clients: Deno.TcpConn[] = [];
  const connectTo = async (index = ports - 1) => {
    const client = await Deno.connect({ hostname: loopback, port: rule.listen.start + index });
    clients.push(client);
    return client;
  };
  return {
    forwarder,
    rule,
    targets,
    clock,
    logger,
    connect: connectTo,
    async pair(index) {
      const [client, target] = await Promise.all([connectTo(index), targets.accept(index)]);
      return { client, target };
    },
    counters: () => forwarder.counters().rules[0] ?? assert.fail("no rule is open"),
    async [Symbol.asyncDispose]() {
      targets[Symbol.dispose]();
      for (const client of clients) client[Symbol.dispose]();
      await forwarder[Symbol.asyncDispose]();
      assert.equal(clock.pending, 0, "a timer was left behind");
    },
  };
}

/** Opens the rule that `ruleOn` makes for `count` free ports. */
export function openOnFreePorts(
  forwarder: Forwarder,
  count: number,
  ruleOn: (listen: PortRange) => RuleSpec,
): Promise<RuleSpec> {
  return onFreePorts(count, async (start) => {
    const rule = ruleOn({ start, end: start + count - 1 });
    const outcome = await forwarder.open(rule);
    if (outcome.ok) return rule;
    assert.match(outcome.reason, /^port_in_use/);
    return null;
  });
}

/** Writes all of `data`. */
export async function writeAll(connection: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
}

/** Everything up to the end of the stream. */
export async function readAll(connection: Deno.Conn): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
    parts.push(buffer.slice(0, n));
  }
  return new Blob(parts as BlobPart[]).bytes();
}

/** The next `length` bytes. */
export async function readExactly(
  connection: Deno.Conn,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const data = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(data.subarray(at));
    if (count === null) throw new Error(`The stream ended after ${at} of ${length} bytes`);
    at += count;
  }
  return data;
}

/** Sends back what comes, then the end of the stream. */
export async function echo(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
    await writeAll(connection, buffer.subarray(0, n));
  }
  await connection.closeWrite();
}

/** Resolves when the other side has closed or reset the connection; what it sends is thrown away. */
export async function ended(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    while (await connection.read(buffer) !== null);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}

/** A connection that can be reset. Closing one of Deno's sends the end of the stream, always. */
export async function connectResettable(hostname: string, port: number): Promise<Socket> {
  const socket = connect({ host: hostname, port });
  await once(socket, "connect");
  return socket;
}

/** A target whose next connection can be reset. */
export async function listenResettable(
  hostname: string,
): Promise<{ readonly port: number; accept(): Promise<Socket> } & Disposable> {
  const server = createServer();
  const accepted = once(server, "connection");
  server.listen({ host: hostname, port: 0 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    accept: async () => (await accepted)[0] as Socket,
    [Symbol.dispose]: () => void server.close(),
  };
}

/** Whether a connection to `port` is refused, or reset before a byte comes. */
export async function isRefused(hostname: string, port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname, port });
    await connection.read(new Uint8Array(1));
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused ||
      error instanceof Deno.errors.ConnectionReset;
  }
}

/** Lets the event loop turn until `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) assert.fail(`Not in time: ${condition}`);
    await turn();
  }
}

/** Lets the event loop turn until `progress` has not changed for many turns. */
export async function stalled(progress: () => number): Promise<void> {
  let last = progress();
  for (let quiet = 0; quiet < 500; quiet++) {
    await turn();
    if (progress() !== last) quiet = 0;
    last = progress();
  }
}

/** Bytes from `random`. */
export function bytesFrom(random: () => number, length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4)).map(() => random() * 2 ** 32);
  return new Uint8Array(words.buffer, 0, length);
}

/** Descriptors this process has open. */
export function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

// Whatever a test takes from the system, it gives back: this is for every test of the suite.
if (Deno.build.os === "linux") {
  let before: Descriptors = new Map();
  Deno.test.beforeEach(() => {
    before = descriptors();
  });
  Deno.test.afterEach(() => allClosedSince(before));
}
