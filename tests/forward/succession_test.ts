/**
 * One engine takes the place of another: nobody who connects, is connected or waits for a reply may
 * notice. Both are in this process; that two processes can do it is `tests/system`'s.
 */

import assert from "node:assert/strict";
import type { RuleSpec } from "../../src/core/rule.ts";
import type { Forwarder } from "../../src/forward/forwarder.ts";
import type { Succession } from "../../src/forward/succession.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { clientHello } from "../kit/client_hello.ts";
import { freePort } from "../kit/ports.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import {
  ended,
  type Engine,
  ENGINES,
  readAll,
  readExactly,
  Targets,
  until,
  writeAll,
} from "./kit.ts";
import { tcpRule, udpRule } from "./rules.ts";
import { UdpPeer } from "./udp_kit.ts";

const LINUX = ENGINES.filter(({ name }) => name.startsWith("linux"));
const DRAIN_MS = 30_000;

/** Engines that follow each other, and the directory of the socket where they meet. */
class Line implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly directory = Deno.makeTempDirSync();
  readonly path = `${this.directory}/succession.sock`;
  readonly #engine: Engine;
  readonly #stack = new AsyncDisposableStack();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  create(): Forwarder {
    return this.#stack.use(this.#engine.create({ clock: this.clock, logger: this.logger }));
  }

  async open(rules: readonly RuleSpec[], forwarder = this.create()): Promise<Forwarder> {
    for (const rule of rules) assert.deepEqual(await forwarder.open(rule), { ok: true });
    return forwarder;
  }

  /** Gives the sockets of `old` to a new engine, which opens `rules` with them. */
  async succeed(old: Forwarder, rules: readonly RuleSpec[]): Promise<Forwarder> {
    const next = this.create();
    using listener = successionOf(old).listen(this.path);
    using asking = successionOf(next).connect(this.path);
    using asked = await listener.accept();
    assert.equal(asked.peerPid, Deno.pid);
    await asking.send("give");
    assert.equal(await asked.receive(), "give");
    const [count] = await Promise.all([asking.takeSockets(), asked.giveSockets()]);
    assert.ok(count >= rules.length);
    await this.open(rules, next);
    assert.equal(successionOf(next).dropUnclaimed(), 0);
    return next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await Deno.remove(this.directory, { recursive: true });
  }
}

function successionOf({ succession }: Forwarder): Succession {
  return succession ?? assert.fail("the engine can't be succeeded");
}

/** Sends a byte and hears it again. */
async function echoByte(connection: Deno.TcpConn, byte: number): Promise<void> {
  await writeAll(connection, Uint8Array.of(byte));
  assert.deepEqual(await readExactly(connection, 1), Uint8Array.of(byte));
}

async function echoUntilEnd(connection: Deno.TcpConn): Promise<void> {
  await connection.readable.pipeTo(connection.writable);
}

/** Connects, says a word, hears it, and starts again; the number of times. */
async function callAgain(port: number, isOver: () => boolean): Promise<number> {
  let count = 0;
  for (; !isOver(); count++) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const word = new TextEncoder().encode(`${port} ${count}`);
    await writeAll(connection, word);
    await connection.closeWrite();
    assert.deepEqual(await readAll(connection), word);
  }
  return count;
}

for (const engine of LINUX) {
  Deno.test(`succession, ${engine.name}: nobody is refused or cut off under load`, async () => {
    await using line = new Line(engine);
    using targets = await Targets.listen("127.0.0.1", 1);
    targets.serve(echoUntilEnd);
    const target = targets.ports.start;
    const [fast, judged] = [freePort(), freePort()];
    // A cap keeps connections off the fast path: the main thread lets in each of them.
    const limits = { concurrentConnections: 10_000 };
    const rules = [
      tcpRule({ id: 1n, listen: fast, target }),
      tcpRule({ id: 2n, listen: judged, target, limits }),
    ];
    let current = await line.open(rules);
    let isOver = false;
    const calls = [fast, judged, fast, judged].map((port) => callAgain(port, () => isOver));
    const kept: Deno.TcpConn[] = [];
    const drained: Promise<void>[] = [];
    for (let turn = 0; turn < 3; turn++) {
      for (const port of [fast, judged]) {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port });
        kept.push(connection);
        await echoByte(connection, kept.length);
      }
      const next = await line.succeed(current, rules);
      const retiring = current.retire(DRAIN_MS);
      await retiring.released;
      drained.push(retiring.drained);
      current = next;
    }
    isOver = true;
    const counts = await Promise.all(calls);
    assert.ok(counts.every((count) => count > 0), `${counts}`);
    // Each of these is served by an engine that takes nobody any more.
    for (const [i, connection] of kept.entries()) await echoByte(connection, i);
    for (const connection of kept) connection.close();
    await Promise.all(drained);
  });

  Deno.test(`succession, ${engine.name}: what waits in the queue is the successor's`, async () => {
    await using line = new Line(engine);
    using targets = await Targets.listen("127.0.0.1", 1);
    const rules = [tcpRule({ listen: freePort(), target: targets.ports.start })];
    const old = await line.open(rules);
    const next = await line.succeed(old, rules);
    await old.retire(DRAIN_MS).released;
    using client = await Deno.connect({ hostname: "127.0.0.1", port: rules[0]?.listen.start ?? 0 });
    using target = await targets.accept();
    await until(() => next.counters().rules[0]?.connectionsTotal === 1n);
    assert.equal(old.counters().rules[0]?.connectionsTotal, 0n);
    await writeAll(client, Uint8Array.of(1, 2, 3));
    assert.deepEqual(await readExactly(target, 3), Uint8Array.of(1, 2, 3));
  });

  Deno.test(`succession, ${engine.name}: what drains is counted until the end`, async () => {
    await using line = new Line(engine);
    using targets = await Targets.listen("127.0.0.1", 1);
    targets.serve(echoUntilEnd);
    const rules = [tcpRule({ listen: freePort(), target: targets.ports.start })];
    const old = await line.open(rules);
    const client = await Deno.connect({ hostname: "127.0.0.1", port: rules[0]?.listen.start ?? 0 });
    await echoByte(client, 1);
    const next = await line.succeed(old, rules);
    const { released, drained } = old.retire(DRAIN_MS);
    await released;
    await echoByte(client, 2);
    client.close();
    await drained;
    const [{ bytesIn, bytesOut, activeConnections } = assert.fail("no rule")] =
      old.counters().rules;
    assert.deepEqual([bytesIn, bytesOut, activeConnections], [2n, 2n, 0]);
    assert.equal(next.counters().rules[0]?.bytesIn, 0n);
  });

  Deno.test(`succession, ${engine.name}: what is left is cut after the drain`, async () => {
    await using line = new Line(engine);
    using targets = await Targets.listen("127.0.0.1", 1);
    targets.serve(echoUntilEnd);
    const rules = [tcpRule({ listen: freePort(), target: targets.ports.start })];
    const old = await line.open(rules);
    using client = await Deno.connect({ hostname: "127.0.0.1", port: rules[0]?.listen.start ?? 0 });
    await echoByte(client, 1);
    await line.succeed(old, rules);
    const { released, drained } = old.retire(DRAIN_MS);
    await released;
    await until(() => line.clock.pending > 0);
    await line.clock.advance(DRAIN_MS);
    await Promise.all([ended(client), drained]);
  });

  Deno.test(`succession, ${engine.name}: replies to datagrams come through either`, async () => {
    await using line = new Line(engine);
    using target = UdpPeer.bind("127.0.0.1");
    using first = UdpPeer.bind("127.0.0.1");
    using second = UdpPeer.bind("127.0.0.1");
    const port = freePort();
    const rules = [udpRule({ listen: port, target: target.addr.port })];
    const entrance: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port };
    const old = await line.open(rules);
    await first.send(Uint8Array.of(1), entrance);
    const asked = await target.receive();
    const next = await line.succeed(old, rules);
    const { released, drained } = old.retire(DRAIN_MS);
    await released;
    await second.send(Uint8Array.of(2), entrance);
    const askedAgain = await target.receive();
    await target.send(Uint8Array.of(11), asked.from);
    await target.send(Uint8Array.of(12), askedAgain.from);
    assert.deepEqual((await first.receive()).data, Uint8Array.of(11));
    assert.deepEqual((await second.receive()).data, Uint8Array.of(12));
    assert.deepEqual(
      [old, next].map((it) => it.counters().rules[0]?.datagramsOut),
      [1n, 1n],
    );
    await line.clock.advance(DRAIN_MS);
    await drained;
  });

  Deno.test(`succession, ${engine.name}: a port that is shared by name goes on`, async () => {
    await using line = new Line(engine);
    using targets = await Targets.listen("127.0.0.1", 2);
    const listen = freePort();
    const { start, end } = targets.ports;
    const rules = [
      tcpRule({ id: 1n, listen, target: start, sniPattern: "a.example.com" }),
      tcpRule({ id: 2n, listen, target: end, sniPattern: "b.example.com" }),
    ];
    const hello = await clientHello("b.example.com");
    const old = await line.open(rules);
    using reading = await Deno.connect({ hostname: "127.0.0.1", port: listen });
    await writeAll(reading, hello.subarray(0, 20));
    // Whoever has accepted this one reads the rest of its name; whoever comes later is the new one's.
    const next = await line.succeed(old, rules);
    const { released, drained } = old.retire(DRAIN_MS);
    await writeAll(reading, hello.subarray(20));
    await released;
    using target = await targets.accept(1);
    assert.deepEqual(await readExactly(target, hello.length), hello);
    using later = await Deno.connect({ hostname: "127.0.0.1", port: listen });
    await writeAll(later, hello);
    using _other = await targets.accept(1);
    await until(() => next.counters().rules.some(({ sniRoutes }) => sniRoutes.exact > 0n));
    reading.close();
    target.close();
    await drained;
  });
}

Deno.test("succession.listen() takes a path that nobody serves, with a file that is its user's only", async () => {
  await using line = new Line(LINUX[0] ?? assert.fail("no engine"));
  const [one, other] = [line.create(), line.create()].map(successionOf);
  assert.ok(one && other);
  assert.throws(() => one.connect(line.path), /No such file/);
  const listener = one.listen(line.path);
  assert.equal(((await Deno.stat(line.path)).mode ?? 0) & 0o777, 0o600);
  assert.throws(() => other.listen(line.path), /another process serves/);
  assert.throws(() => other.listen(`/tmp/${"x".repeat(110)}`), /too long/);
  const waiting = listener.accept();
  (await waiting)[Symbol.dispose]();
  const ending = assert.rejects(listener.accept());
  listener[Symbol.dispose]();
  await ending;
  await assert.rejects(Deno.stat(line.path), Deno.errors.NotFound);
});

Deno.test("a succession channel takes long texts, and ends when the other end does", async () => {
  await using line = new Line(LINUX[0] ?? assert.fail("no engine"));
  const succession = successionOf(line.create());
  using listener = succession.listen(line.path);
  const asking = succession.connect(line.path);
  using asked = await listener.accept();
  const text = "ü€".repeat(100_000);
  const [heard] = await Promise.all([asked.receive(), asking.send(text)]);
  assert.equal(heard, text);
  const misunderstood = assert.rejects(asked.takeSockets(), /does not give its sockets/);
  await asking.send("no sockets");
  await misunderstood;
  asking[Symbol.dispose]();
  assert.equal(await asked.receive(), null);
  await assert.rejects(asked.send("late"));
});
