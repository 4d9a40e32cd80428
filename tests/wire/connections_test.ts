/** What becomes of connections to the control listener that are of no use. */

import assert from "node:assert/strict";
import { CONTROL_CONNECTIONS } from "../../src/core/limits.ts";
import { WireError } from "../../src/wire/streams.ts";
import { TestConn } from "../kit/conn.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { captured, hello, open, readAll, startServer } from "./harness.ts";
import { frame, RawConnection } from "./raw_http2.ts";

const { handshakeTimeoutMs, unusedTimeoutMs } = CONTROL_CONNECTIONS;
const ENROLL = "/portunus.v1.ClientEnrollment/Enroll";
const CHANNEL = "/portunus.v1.Control/Channel";

for (const [name, bytes] of [["nothing", []], ["half a ClientHello", [22, 3, 1, 2]]] as const) {
  Deno.test(`a connection that sends ${name} is cut when the handshake should be over`, async () => {
    const clock = new FakeClock();
    await using server = startServer({ clock });
    using conn = await TestConn.open(server.port);
    await conn.conn.write(new Uint8Array(bytes));
    await clock.armed();
    clock.advance(handshakeTimeoutMs);
    await conn.closed();
  });
}

Deno.test("a connection that stays after an enrollment is cut", async () => {
  const clock = new FakeClock();
  const limits = { ...CONTROL_CONNECTIONS, handshakeTimeoutMs: 2 * unusedTimeoutMs };
  await using server = startServer({ clock, limits });
  const conn = new RawConnection(server.port);
  const { trailers } = await conn.call(ENROLL, { body: frame(new Uint8Array()) });
  assert.equal(trailers?.["grpc-status"], "0");
  clock.advance(unusedTimeoutMs);
  await conn.closed();
});

Deno.test("a connection whose calls are refused is cut all the same", async () => {
  const clock = new FakeClock();
  await using server = startServer({ clock });
  const conn = new RawConnection(server.port);
  const refused = await conn.call(CHANNEL, {});
  assert.equal(
    refused.headers["grpc-message"] ?? refused.trailers?.["grpc-message"],
    "missing_token",
  );
  clock.advance(unusedTimeoutMs);
  await conn.closed();
});

Deno.test("a session keeps its connection longer than one without", async () => {
  const clock = new FakeClock();
  const session = captured();
  await using server = startServer({ ...session, clock });
  const stream = await open(server);
  const other = await session.stream;
  clock.advance(2 * unusedTimeoutMs);
  await stream.send(hello());
  for await (const message of other.incoming) {
    assert.equal(message.payload.case, "hello");
    break;
  }
  session.finish();
  assert.deepEqual(await readAll(stream), []);
});

Deno.test("a connection without a session makes room for one with", async () => {
  const limits = { ...CONTROL_CONNECTIONS, connectionsMax: 2 };
  const session = captured();
  await using server = startServer({ ...session, limits });
  const stream = await open(server);
  await session.stream;
  using oldest = await TestConn.open(server.port);
  using _newer = await TestConn.open(server.port);
  await oldest.closed();
  session.finish();
  assert.deepEqual(await readAll(stream), [], "the session was left alone");
});

Deno.test("a connection is refused when all others have sessions", async () => {
  const limits = { ...CONTROL_CONNECTIONS, connectionsPerPeerMax: 1 };
  const session = captured();
  await using server = startServer({ ...session, limits });
  const stream = await open(server);
  await session.stream;
  await assert.rejects(open(server), WireError);
  session.finish();
  assert.deepEqual(await readAll(stream), []);
});
