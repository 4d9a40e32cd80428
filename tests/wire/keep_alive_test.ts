/** Peers that are gone without a word, seen from both ends. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect } from "node:tls";
import { CONTROL_CONNECTIONS } from "../../src/core/limits.ts";
import { openControlStream, redeemEnrollment } from "../../src/wire/control_client.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { FaultProxy } from "../kit/fault_proxy.ts";
import {
  captured,
  hello,
  never,
  open,
  readAll,
  startServer,
  welcome,
  wireError,
} from "./harness.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").toString("hex");
const SETTINGS = "000000" + "04" + "00" + "00000000";
const SETTINGS_ACK = "000000" + "04" + "01" + "00000000";
const PING = "000008" + "06" + "00" + "00000000" + "0000000000000000";

/** In steps of a second, so that every timer comes in its turn. */
function letTimePass(clock: FakeClock, seconds: number): void {
  for (let s = 0; s < seconds; s++) clock.advance(1_000);
}

Deno.test("a server ends the session of a client that is gone, within 30 s", async () => {
  const clock = new FakeClock();
  const session = captured();
  await using server = startServer({ ...session, clock });
  await using proxy = new FaultProxy(server.port);
  const stream = await open({ ...server, endpoint: `127.0.0.1:${proxy.port}` });
  const served = await session.stream;
  proxy.stall();
  letTimePass(clock, 20);
  assert.ok(!served.closed.aborted, "not too soon");
  const closed = new Promise<void>((resolve) =>
    served.closed.addEventListener("abort", () => resolve())
  );
  letTimePass(clock, 10);
  await closed;
  session.finish();
  proxy.cut();
  await assert.rejects(readAll(stream));
});

Deno.test("a client gives up a server that is gone, within 30 s", async () => {
  const clock = new FakeClock();
  const session = captured();
  await using server = startServer(session);
  await using proxy = new FaultProxy(server.port);
  const stream = await openControlStream({
    endpoint: `127.0.0.1:${proxy.port}`,
    pin: server.pin,
    bearer: "good",
    signal: never,
    clock,
  });
  await stream.send(hello());
  await session.stream;
  proxy.stall();
  const read = assert.rejects(readAll(stream), wireError("transport", /./));
  letTimePass(clock, 30);
  await read;
  session.finish();
});

Deno.test("a dial that is accepted and never answered is given up after 20 s", async () => {
  const clock = new FakeClock();
  await using server = startServer();
  await using proxy = new FaultProxy(server.port);
  proxy.stall();
  const endpoint = `127.0.0.1:${proxy.port}`;
  const dial = { endpoint, pin: server.pin, signal: never, clock };
  const late = wireError("transport", /no connection within 20 s$/);
  const opened = assert.rejects(openControlStream({ ...dial, bearer: "good" }), late);
  const redeemed = assert.rejects(redeemEnrollment({ ...dial, code: "sesame" }), late);
  letTimePass(clock, 19);
  assert.equal(clock.pending, 2, "not too soon");
  letTimePass(clock, 1);
  await Promise.all([opened, redeemed]);
  assert.equal(clock.pending, 0);
});

Deno.test("what a loss holds back for 20 s arrives, and the session goes on", async () => {
  const clock = new FakeClock();
  const session = captured();
  await using server = startServer({ ...session, clock });
  await using proxy = new FaultProxy(server.port);
  const stream = await openControlStream({
    endpoint: `127.0.0.1:${proxy.port}`,
    pin: server.pin,
    bearer: "good",
    signal: never,
    clock,
  });
  const served = await session.stream;
  const incoming = served.incoming[Symbol.asyncIterator]();
  const answers = stream.incoming[Symbol.asyncIterator]();
  for (let round = 0; round < 3; round++) {
    proxy.stall();
    await stream.send(hello());
    letTimePass(clock, 20);
    proxy.resume();
    assert.equal((await incoming.next()).value?.payload.case, "hello");
    await served.send(welcome());
    assert.equal((await answers.next()).value?.payload.case, "welcome");
  }
  assert.ok(!served.closed.aborted);
  session.finish();
  assert.ok((await answers.next()).done);
});

Deno.test("clocks that jump by a year say nothing of the peer", async () => {
  const clock = new FakeClock();
  const session = captured();
  await using server = startServer({ ...session, clock });
  const stream = await open(server);
  const served = await session.stream;
  for (const days of [366, -732]) {
    clock.jump(days * 86_400_000);
    letTimePass(clock, 9);
    assert.ok(!served.closed.aborted);
  }
  session.finish();
  stream.close();
  await readAll(stream);
});

Deno.test("delay of 300 ms each way is no reason to give anything up", async () => {
  await using server = startServer();
  await using proxy = new FaultProxy(server.port);
  proxy.delayMs = 300;
  const stream = await open({ ...server, endpoint: `127.0.0.1:${proxy.port}` });
  await stream.send(hello());
  const answers = stream.incoming[Symbol.asyncIterator]();
  assert.equal((await answers.next()).value?.payload.case, "welcome");
  stream.close();
});

Deno.test("a silent connection is asked for a sign of life, between frames", async () => {
  const clock = new FakeClock();
  const limits = { ...CONTROL_CONNECTIONS, unusedTimeoutMs: 3_600_000 };
  await using server = startServer({ clock, limits });
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { promise: settled, resolve: onSettled } = Promise.withResolvers<void>();
  const { promise: cut, resolve: onCut } = Promise.withResolvers<void>();
  const socket = connect({
    port: server.port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
  }, () => socket.write(Buffer.from(PREFACE + SETTINGS, "hex")));
  let received = "";
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("hex");
    if (received.includes(SETTINGS_ACK)) onSettled();
    if (received.endsWith(PING)) resolve();
  });
  socket.on("error", () => {});
  socket.on("close", () => onCut());
  await settled;
  letTimePass(clock, 10);
  await asked;
  letTimePass(clock, 20);
  await cut;
});
