import assert from "node:assert/strict";
import { PortunusError } from "../../src/core/errors.ts";
import {
  aborted,
  captured,
  hello,
  open,
  readAll,
  settle,
  startServer,
  versionOf,
  welcome,
  wireError,
} from "./harness.ts";
import { answerOf, frame, RawConnection } from "./raw_http2.ts";
import { startRelay } from "./relay.ts";

const CHANNEL = "/portunus.v1.Control/Channel";
const AUTHORIZED = { authorization: "Bearer good" };

Deno.test("a session runs: identity, peer, messages both ways, headers, an orderly end", async () => {
  const seen: string[] = [];
  await using server = startServer({
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
  await using server = startServer({
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
  await using server = startServer();
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
  await using server = startServer(session);
  const stream = await open(server);
  const served = await session.stream;
  await served.send(welcome());
  assert.throws(() => served.setHeader("late", "x"), TypeError);
  session.finish();
  assert.deepEqual(await readAll(stream), ["3.2.0"]);
});

Deno.test("what a session throws becomes the status, its code alone the message", async () => {
  const session = captured();
  await using server = startServer(session);
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
  await using server = startServer(session);
  const stream = await open(server);
  await session.stream;
  session.fail(new TypeError("a detail"));
  await assert.rejects(readAll(stream), wireError("transport", "transport: Internal: internal"));
  assert.deepEqual(server.events.map(({ event }) => event), ["client.session_failed"]);
});

Deno.test("a session that ends without a word gives empty headers and an orderly end", async () => {
  const session = captured();
  await using server = startServer(session);
  const stream = await open(server);
  session.finish();
  assert.deepEqual(await readAll(stream), []);
  assert.equal((await stream.headers).size, 0);
});

Deno.test("messages sent before an orderly end arrive, however late they are read", async () => {
  const session = captured();
  await using server = startServer(session);
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
  await using server = startServer(session);
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
  await using server = startServer(session);
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
  await using server = startServer(session);
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
  await using server = startServer(session);
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
  await using server = startServer();
  const stream = await open(server);
  await stream.send(hello("x".repeat(4 * 1024 * 1024))).catch(() => {});
  await assert.rejects(readAll(stream), wireError("transport", /^transport: ResourceExhausted: /));
});

Deno.test("unknown methods are unimplemented", async () => {
  await using server = startServer();
  await using connection = new RawConnection(server.port);
  for (const path of ["/portunus.v1.Control/Other", "/grpc.health.v1.Health/Check"]) {
    const { headers } = await connection.call(path, { headers: AUTHORIZED });
    assert.equal(headers["grpc-status"], "12");
  }
});

Deno.test("aborting the signal of a stream ends it", async () => {
  const session = captured();
  await using server = startServer(session);
  const abort = new AbortController();
  const stream = await open(server, { signal: abort.signal });
  const served = await session.stream;
  abort.abort();
  await aborted(served.closed);
  assert.deepEqual(await readAll(stream), []);
  session.finish();
});
