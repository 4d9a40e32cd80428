import assert from "node:assert/strict";
import {
  type FakeListener,
  FakeNet,
  FakeSocket,
  osError,
} from "../../../tests/forward/fake_net.ts";
import { clientHello } from "../../../tests/kit/client_hello.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { turn } from "../../../tests/kit/turn.ts";
import { FORWARD, SNI } from "../../core/limits.ts";
import { Acceptor } from "./acceptor.ts";
import { CopyMemory } from "./buffer_pool.ts";
import { SniPort } from "./sni_port.ts";
import { LocalMeter } from "../policy/meter.ts";

const HELLO = await clientHello("api.example.com");

/** A shared port with one rule, and what the rule got. */
function start() {
  const net = new FakeNet();
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const resolver = { resolve: () => Promise.reject(new Error("no names here")) };
  net.listen({ hostname: "::", port: 443 });
  const nobody = { accepted: () => {}, acceptFailed: () => {} };
  const environment = {
    net,
    clock,
    logger,
    resolver,
    memory: new CopyMemory(),
    createMeter: () => new LocalMeter(),
  };
  const port = new SniPort(443, new Acceptor(net.listeners, clock, nobody), environment);
  const taken: Uint8Array[] = [];
  const member = {
    ruleId: 1n,
    pattern: "api.example.com",
    take: (_inbound: unknown, preRead: Uint8Array) => void taken.push(preRead),
  };
  port.join(member);
  /** A client connects. */
  const connect = async () => {
    const client = new FakeSocket();
    (net.listeners[0] as FakeListener).deliver(client);
    await turn();
    return client;
  };
  return { net, clock, logger, port, member, taken, connect };
}

Deno.test("SniPort reads so many ClientHellos at a time; one more connection is closed", async () => {
  const { logger, port, member, taken, connect } = start();
  const clients: FakeSocket[] = [];
  for (let i = 0; i < SNI.peeksMax; i++) clients.push(await connect());
  const surplus = await connect();
  assert.equal(surplus.isClosed, true);
  assert.equal(logger.of("tls.sni_peek_capacity").length, 1);
  assert.equal(port.counters().peekCount, 0n, "what is not read is not observed");

  clients[0]?.send(HELLO);
  await turn();
  assert.equal(taken.length, 1);
  assert.equal((await connect()).isClosed, false, "there is room for one again");
  await port.leave(member);
  assert.ok(clients.slice(1).every(({ isClosed }) => isClosed));
});

Deno.test("SniPort gives a ClientHello three seconds in all, however often something comes", async () => {
  const { clock, logger, port, member, connect } = start();
  const client = await connect();
  for (let i = 0; i < 6; i++) {
    client.send(HELLO.subarray(i, i + 1));
    await turn();
    assert.equal(client.isClosed, false);
    clock.advance(500);
  }
  await turn();
  assert.equal(client.isClosed, true);
  const [line] = logger.of("tls.client_hello_timeout");
  assert.deepEqual(line?.fields, {
    target: "tls_sni",
    listen_port: 443,
    peer: "192.0.2.1:4000",
    bytes_read: 6,
  });
  const { parseFailures, peekCount, peekSumMicros, peekBuckets } = port.counters();
  assert.deepEqual([parseFailures, peekCount, peekSumMicros], [1n, 1n, 3_000_000n]);
  assert.deepEqual(peekBuckets.slice(-2), [0n, 1n]);
  await port.leave(member);
});

Deno.test("SniPort refuses what is too large, what ends early, and what breaks", async () => {
  const { logger, port, member, connect } = start();
  const endless = new Uint8Array(SNI.peekMaxBytes + 1);
  for (let at = 0; at < endless.length; at += 16_389) endless.set([0x16, 3, 1, 0x40, 0], at);
  endless.set([1, 0xff, 0xff, 0xff], 5);
  const cases = [
    [[endless], "too_large"],
    [[HELLO.subarray(0, 40), null], "eof"],
    [[HELLO.subarray(0, 40), osError("ECONNRESET")], "io_error"],
    [[Uint8Array.of(0x16, 3, 1, 0, 0)], "malformed"],
  ] as const;
  for (const [n, [sent, error]] of cases.entries()) {
    const client = await connect();
    client.send(...sent);
    const { fields } = await logger.seen("tls.parse_failed", n + 1);
    assert.equal(fields["error"], error);
    assert.equal(client.isClosed, true);
    assert.deepEqual(client.written, [], "no alert is sent");
  }
  assert.equal(port.counters().parseFailures, 4n);
  await port.leave(member);
});

Deno.test("SniPort passes on everything that came with the ClientHello", async () => {
  const { port, member, taken, connect } = start();
  const client = await connect();
  const sent = Uint8Array.of(...HELLO, 1, 2, 3);
  client.send(sent);
  await turn();
  assert.deepEqual(taken.map((bytes) => [...bytes]), [[...sent]]);
  await port.leave(member);
});

Deno.test("SniPort pauses after a failed accept, and tells when it starts and ends", async () => {
  const { net, clock, logger, port, member, connect } = start();
  (net.listeners[0] as FakeListener).deliver(osError("EMFILE"));
  await logger.seen("tls.sni_listener.accept_error");
  clock.advance(50);
  await turn();
  assert.equal((await connect()).reads, 1);
  await port.leave(member);
  assert.deepEqual(logger.events.filter((event) => /sni_(listener|group)/.test(event)), [
    "tls.sni_listener.started",
    "tls.sni_listener.bound",
    "tls.sni_group.member_added",
    "tls.sni_listener.accept_error",
    "tls.sni_group.member_removed",
    "tls.sni_listener.unbound",
    "tls.sni_listener.stopped",
  ]);
});

Deno.test("SniPort keeps a flood of connections from becoming a flood of log lines", async () => {
  const { logger, port, clock, connect } = start();
  const flood = async (count: number) => {
    for (let i = 0; i < count; i++) {
      (await connect()).send(Uint8Array.of(0x47, 0x45, 0x54, 0x20, 0x2f));
    }
    await turn();
  };
  await flood(40);
  assert.equal(port.counters().parseFailures, 40n, "each is counted");
  const { gatedWarningsPerSecMax: lines } = FORWARD;
  assert.equal(logger.of("tls.parse_failed").length, lines);
  clock.advance(1_000);
  await flood(2);
  const [, next] = logger.of("tls.parse_failed").slice(lines - 1);
  assert.equal(next?.fields["suppressed"], 40 - lines);
  assert.equal("suppressed" in (logger.of("tls.parse_failed").at(-1)?.fields ?? {}), false);
});
