import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { PortunusError } from "../../src/core/errors.ts";
import { fingerprint } from "../../src/wire/certificate.ts";
import { redeemEnrollment, RpcError } from "../../src/wire/control_client.ts";
import { CredentialBundleSchema } from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import type { ServerStream } from "../../src/wire/streams.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import {
  certificate,
  hello,
  never,
  open,
  readAll,
  startServer,
  type TestServer,
  versionOf,
  welcome,
  wireError,
} from "./harness.ts";
import { answerOf, frame, RawConnection } from "./raw_http2.ts";
import { startRelay } from "./relay.ts";

const CHANNEL = "/portunus.v1.Control/Channel";
const AUTHORIZED = { authorization: "Bearer good" };

/** A session handler that hands its stream to the test and runs until the test ends it. */
function captured() {
  const started = Promise.withResolvers<ServerStream>();
  const finish = Promise.withResolvers<void>();
  return {
    stream: started.promise,
    finish: () => finish.resolve(),
    fail: (error: Error) => finish.reject(error),
    session(_identity: string, stream: ServerStream): Promise<void> {
      started.resolve(stream);
      return finish.promise;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

/** Several whole calls on another connection: time for whatever is in flight to arrive. */
async function settle(server: TestServer): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await redeemEnrollment({ ...server, code: "x", signal: never });
  }
}

Deno.test("a session runs: identity, peer, messages both ways, headers, an orderly end", async () => {
  const seen: string[] = [];
  await using server = await startServer({
    authenticate: (token) => `the owner of ${token}`,
    async session(identity, stream) {
      seen.push(identity, stream.peer.replace(/\d+$/, "port"));
      for await (const message of stream.incoming) {
        seen.push(versionOf(message));
        if (seen.length === 3) stream.setHeader("portunus-test", "one");
        await stream.send(welcome(`re ${versionOf(message)}`));
      }
    },
  });
  const stream = await open(server);
  await stream.send(hello("a"));
  await stream.send(hello("b"));
  stream.close();
  assert.deepEqual(await readAll(stream), ["re a", "re b"]);
  assert.equal((await stream.headers).get("portunus-test"), "one");
  assert.deepEqual(seen, ["the owner of good", "127.0.0.1:port", "a", "b"]);
  assert.deepEqual(server.events, []);
});

Deno.test("the server sends nothing before it got a message, and then headers first", async () => {
  const { promise: began, resolve: onBegan } = Promise.withResolvers<void>();
  await using server = await startServer({
    async session(_identity, stream) {
      stream.setHeader("portunus-test", "one");
      onBegan();
      for await (const _ of stream.incoming) await stream.send(welcome());
    },
  });
  await using connection = new RawConnection(server.port);
  const stream = connection.begin(CHANNEL, AUTHORIZED);
  let answered = false;
  stream.on("response", () => answered = true);
  const answer = answerOf(stream);
  await began;
  await connection.roundTrip();
  assert.equal(answered, false);
  stream.end(frame(new Uint8Array()));
  const { headers, trailers } = await answer;
  assert.equal(headers["portunus-test"], "one");
  assert.equal(headers["grpc-status"], undefined);
  assert.equal(trailers?.["grpc-status"], "0");
});

Deno.test("messages are neither compressed nor framed twice", async () => {
  await using server = await startServer();
  await using connection = new RawConnection(server.port);
  const answer = await connection.call(CHANNEL, {
    headers: AUTHORIZED,
    body: frame(Uint8Array.fromHex("0a00")),
  });
  assert.equal(answer.body.toHex(), "0000000009" + "0a07" + "0a05332e322e30");
  assert.equal(answer.headers["grpc-encoding"], "identity");
});

Deno.test("setHeader() throws after the first message", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  const served = await session.stream;
  await served.send(welcome());
  assert.throws(() => served.setHeader("late", "x"), TypeError);
  session.finish();
  assert.deepEqual(await readAll(stream), ["3.2.0"]);
});

Deno.test("what a session throws becomes the status, its code alone the message", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  await session.stream;
  session.fail(new PortunusError("client_dropped_before_hello", "a detail"));
  await assert.rejects(
    readAll(stream),
    wireError("transport", "transport: Cancelled: client_dropped_before_hello"),
  );
  assert.deepEqual(server.events, []);
});

Deno.test("a defect in a session is logged and answered as internal", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  await session.stream;
  session.fail(new TypeError("a detail"));
  await assert.rejects(readAll(stream), wireError("transport", "transport: Internal: internal"));
  assert.deepEqual(server.events.map(({ event }) => event), ["client.session_failed"]);
});

Deno.test("a session that ends without a word gives empty headers and an orderly end", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  session.finish();
  assert.deepEqual(await readAll(stream), []);
  assert.equal((await stream.headers).size, 0);
});

Deno.test("messages sent before an orderly end arrive, however late they are read", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  const served = await session.stream;
  const versions = Array.from({ length: 40 }, (_, i) => `${i}`);
  for (const version of versions) await served.send(welcome(version));
  session.finish();
  await settle(server);
  assert.deepEqual(await readAll(stream), versions);
});

Deno.test("a client that half-closes at once ends the incoming messages", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  stream.close();
  const served = await session.stream;
  assert.deepEqual(await readAll(served), []);
  assert.equal(served.closed.aborted, false, "this end can still answer");
  await served.send(welcome());
  session.finish();
  assert.deepEqual(await readAll(stream), ["3.2.0"]);
});

Deno.test("a client that cancels aborts closed, fails the reader and the writer", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  await stream.send(hello());
  const served = await session.stream;
  const reading = readAll(served);
  stream.cancel();
  await aborted(served.closed);
  await assert.rejects(
    reading,
    wireError("transport", "transport: Cancelled: the client broke off the stream"),
  );
  await assert.rejects(served.send(welcome()), wireError("transport", /the stream is over$/));
  assert.deepEqual(await readAll(stream), [], "who cancels is not told of a failure");
  await assert.rejects(stream.send(hello()), wireError("transport", /the stream is over$/));
  session.finish();
});

Deno.test("a connection that breaks ends both sides, retryably for the client", async () => {
  const session = captured();
  await using server = await startServer(session);
  await using relay = startRelay(server.port);
  const stream = await open({ ...server, endpoint: `127.0.0.1:${relay.port}` });
  await stream.send(hello());
  const served = await session.stream;
  await served.send(welcome());
  const reader = stream.incoming[Symbol.asyncIterator]();
  assert.equal((await reader.next()).done, false);
  relay.cut();
  await assert.rejects(reader.next(), wireError("transport", /^transport: Unavailable: /));
  await assert.rejects(stream.send(hello()), wireError("transport", /the stream is over$/));
  await aborted(served.closed);
  await assert.rejects(readAll(served), wireError("transport", /broke off/));
  assert.equal(server.events.length, 0);
  session.finish();
});

Deno.test("bytes that are no message end the stream, for both sides", async () => {
  const session = captured();
  await using server = await startServer(session);
  await using connection = new RawConnection(server.port);
  const answering = connection.call(CHANNEL, {
    headers: AUTHORIZED,
    body: frame(Uint8Array.fromHex("ff")),
  });
  const served = await session.stream;
  await assert.rejects(readAll(served), wireError("transport", /^transport: /));
  assert.equal((await answering).headers["grpc-status"], "13");
  session.finish();
});

Deno.test("a message beyond 4 MiB ends the stream", async () => {
  await using server = await startServer();
  const stream = await open(server);
  await stream.send(hello("x".repeat(4 * 1024 * 1024))).catch(() => {});
  await assert.rejects(readAll(stream), wireError("transport", /^transport: ResourceExhausted: /));
});

Deno.test("unknown methods are unimplemented", async () => {
  await using server = await startServer();
  await using connection = new RawConnection(server.port);
  for (const path of ["/portunus.v1.Control/Other", "/grpc.health.v1.Health/Check"]) {
    const { headers } = await connection.call(path, { headers: AUTHORIZED });
    assert.equal(headers["grpc-status"], "12");
  }
});

Deno.test("5,000 messages pass each way, in order", async () => {
  await using server = await startServer({
    async session(_identity, stream) {
      for await (const message of stream.incoming) await stream.send(welcome(versionOf(message)));
    },
  });
  const versions = Array.from({ length: 5000 }, (_, i) => `${i}`);
  const stream = await open(server);
  const sending = (async () => {
    for (const version of versions) await stream.send(hello(version));
    stream.close();
  })();
  assert.deepEqual(await readAll(stream), versions);
  await sending;
});

const BLOCK = "x".repeat(64 * 1024);
const BLOCKS = 400;

/** The value at which `progress` stands still. */
async function stall(server: TestServer, progress: () => number): Promise<number> {
  for (let before = -1; progress() !== before;) {
    before = progress();
    await settle(server);
  }
  return progress();
}

Deno.test("send() waits while the client does not read", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  const served = await session.stream;
  let sent = 0;
  const sending = (async () => {
    for (; sent < BLOCKS; sent++) await served.send(welcome(BLOCK));
  })();
  sending.catch(() => {/* Awaited below; a failure before must not hide behind this one. */});
  const reader = stream.incoming[Symbol.asyncIterator]();
  await reader.next();
  const stalled = await stall(server, () => sent);
  assert.ok(stalled < BLOCKS / 2, `${stalled} blocks of 64 KiB were taken without a reader`);
  for (let i = 1; i < BLOCKS; i++) assert.equal((await reader.next()).done, false);
  await sending;
  session.finish();
  assert.equal((await reader.next()).done, true);
});

Deno.test("send() of a client waits while the server does not read", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  const served = await session.stream;
  let sent = 0;
  const sending = (async () => {
    for (; sent < BLOCKS; sent++) await stream.send(hello(BLOCK));
    stream.close();
  })();
  sending.catch(() => {/* Awaited below; a failure before must not hide behind this one. */});
  const stalled = await stall(server, () => sent);
  assert.ok(stalled < BLOCKS / 2, `${stalled} blocks of 64 KiB were taken without a reader`);
  assert.equal((await readAll(served)).length, BLOCKS);
  await sending;
  session.finish();
});

Deno.test("a send() that waits fails when the peer leaves", async () => {
  const session = captured();
  await using server = await startServer(session);
  const stream = await open(server);
  const served = await session.stream;
  const sends = Promise.allSettled(
    Array.from({ length: BLOCKS }, () => served.send(welcome(BLOCK))),
  );
  const reader = stream.incoming[Symbol.asyncIterator]();
  await reader.next();
  stream.cancel();
  const results = await sends;
  const last = results.at(-1);
  assert.ok(last?.status === "rejected");
  assert.ok(wireError("transport", "transport: Cancelled: the stream is over")(last.reason));
  session.finish();
});

Deno.test("aborting the signal of a stream ends it", async () => {
  const session = captured();
  await using server = await startServer(session);
  const abort = new AbortController();
  const stream = await open(server, { signal: abort.signal });
  const served = await session.stream;
  abort.abort();
  await aborted(served.closed);
  assert.deepEqual(await readAll(stream), []);
  session.finish();
});

Deno.test("stop() ends sessions with status OK and closes the listener", async () => {
  const ends: string[] = [];
  await using server = await startServer({
    async session(_identity, stream) {
      await stream.send(welcome());
      for await (const _ of stream.incoming);
      ends.push("read to the end");
      assert.ok(stream.closed.aborted);
    },
  });
  const streams = [await open(server), await open(server)];
  const readers = streams.map((stream) => stream.incoming[Symbol.asyncIterator]());
  for (const reader of readers) assert.equal((await reader.next()).done, false);
  await server.server.stop(60_000);
  for (const reader of readers) assert.equal((await reader.next()).done, true);
  assert.deepEqual(ends, ["read to the end", "read to the end"]);
  await assert.rejects(open(server), wireError("transport", /^transport: connect ECONNREFUSED/));
  await server.server.stop(0);
});

Deno.test("stop() cuts what is left when its time is over", async () => {
  const clock = new FakeClock();
  const session = captured();
  await using server = await startServer({ ...session, clock });
  const stream = await open(server);
  await session.stream;
  const stopping = server.server.stop(5_000);
  assert.deepEqual(await readAll(stream), [], "the client is let go at once");
  assert.equal(clock.pending, 1, "the session has not returned");
  clock.advance(5_000);
  await stopping;
  session.finish();
});

Deno.test("stop() cuts a client that does not read", async () => {
  const clock = new FakeClock();
  const session = captured();
  await using server = await startServer({ ...session, clock });
  const stream = await open(server);
  const served = await session.stream;
  const sends = Promise.allSettled(
    Array.from({ length: BLOCKS }, () => served.send(welcome(BLOCK))),
  );
  const reader = stream.incoming[Symbol.asyncIterator]();
  await reader.next();
  const stopping = server.server.stop(5_000);
  session.finish();
  await sends;
  clock.advance(5_000);
  await stopping;
  await assert.rejects(async () => {
    while (!(await reader.next()).done);
  }, wireError("transport", /^transport: /));
});

Deno.test("enrollment returns the bundle for the code", async () => {
  const bundle = create(CredentialBundleSchema, {
    version: 1,
    clientName: "edge-01",
    serverEndpoint: "localhost:7443",
    serverCertSha256: "ab".repeat(32),
    token: "t".repeat(43),
    clientId: "01J8X4ZKQ9A1B2C3D4E5F6G7H8",
  });
  const codes: string[] = [];
  await using server = await startServer({
    enroll(code) {
      codes.push(code);
      return Promise.resolve(bundle);
    },
  });
  assert.deepEqual(await redeemEnrollment({ ...server, code: "c", signal: never }), bundle);
  assert.deepEqual(codes, ["c"]);
});

for (
  const [error, status, message] of [
    [new PortunusError("enrollment_invalid"), 16, "enrollment_invalid"],
    [new PortunusError("enrollment_used"), 16, "enrollment_used"],
    [new PortunusError("enrollment_expired"), 16, "enrollment_expired"],
    [new PortunusError("endpoint_invalid", "a detail"), 9, "endpoint_invalid"],
    [new PortunusError("endpoint_not_in_cert_san"), 9, "endpoint_not_in_cert_san"],
    [new PortunusError("enrollment_store_error"), 13, "enrollment_store_error"],
    [new TypeError("a detail"), 13, "internal"],
  ] as const
) {
  Deno.test(`a failed enrollment answers ${status} ${message}`, async () => {
    await using server = await startServer({ enroll: () => Promise.reject(error) });
    await assert.rejects(
      redeemEnrollment({ ...server, code: "c", signal: never }),
      (thrown) => {
        assert.ok(thrown instanceof RpcError);
        assert.deepEqual([thrown.status, thrown.message], [status, message]);
        return true;
      },
    );
    assert.deepEqual(server.authFailures, []);
  });
}

Deno.test("aborting an enrollment ends it", async () => {
  const abort = new AbortController();
  await using server = await startServer({
    enroll() {
      abort.abort(new Error("enough"));
      return Promise.resolve(create(CredentialBundleSchema));
    },
  });
  await assert.rejects(
    redeemEnrollment({ ...server, code: "c", signal: abort.signal }),
    wireError("transport", "transport: Cancelled: enough"),
  );
});

for (
  const [host, dial, peer] of [
    ["127.0.0.1", "127.0.0.1", /^127\.0\.0\.1:\d+$/],
    ["::1", "::1", /^\[::1\]:\d+$/],
    ["::", "127.0.0.1", /^127\.0\.0\.1:\d+$/],
    ["::", "::1", /^\[::1\]:\d+$/],
    ["0.0.0.0", "localhost", /^127\.0\.0\.1:\d+$/],
  ] as const
) {
  Deno.test(`a server on ${host} sees who dials ${dial}`, async () => {
    const session = captured();
    await using server = await startServer({ ...session, host, dial });
    assert.equal(server.server.address.host, host);
    const stream = await open(server);
    assert.match((await session.stream).peer, peer);
    session.finish();
    assert.deepEqual(await readAll(stream), []);
  });
}

Deno.test("startControlServer() rejects when the address is taken", async () => {
  await using server = await startServer();
  const { startControlServer } = await import("../../src/wire/control_server.ts");
  const { certPem, keyPem } = await certificate();
  await assert.rejects(
    startControlServer({
      listen: { host: "127.0.0.1", port: server.port },
      tls: { certPem, keyPem },
      handlers: {
        authenticate: (token) => token,
        session: () => Promise.resolve(),
        enroll: () => Promise.resolve(create(CredentialBundleSchema)),
      },
      onAuthFailure: () => {},
      logger: { ...console, log() {}, child: () => assert.fail(), enabled: () => true },
    }),
    /address already in use|EADDRINUSE/i,
  );
});

Deno.test("useCertificate() shows new connections the new certificate, and keeps the old ones", async () => {
  const replacement = await certificate();
  await using server = await startServer();
  const before = await open(server);
  server.server.useCertificate(replacement);
  await assert.rejects(open(server), wireError("tls", /fingerprint does not match/));
  const after = await open({ endpoint: server.endpoint, pin: fingerprint(replacement.certPem) });
  for (const stream of [before, after]) {
    await stream.send(hello());
    stream.close();
    assert.deepEqual(await readAll(stream), ["3.2.0"]);
  }
});
