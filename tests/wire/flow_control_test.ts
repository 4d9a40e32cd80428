import assert from "node:assert/strict";
import {
  BLOCK,
  BLOCKS,
  captured,
  hello,
  open,
  readAll,
  settle,
  startServer,
  type TestServer,
  versionOf,
  welcome,
  wireError,
} from "./harness.ts";

Deno.test("5,000 messages pass each way, in order", async () => {
  await using server = startServer({
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
  await using server = startServer(session);
  const stream = await open(server);
  const served = await session.stream;
  let sent = 0;
  const sending = (async () => {
    for (; sent < BLOCKS; sent++) await served.send(welcome(BLOCK));
  })();
  void sending.catch(() => {/* Awaited below; a failure before must not hide behind this one. */});
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
  await using server = startServer(session);
  const stream = await open(server);
  const served = await session.stream;
  let sent = 0;
  const sending = (async () => {
    for (; sent < BLOCKS; sent++) await stream.send(hello(BLOCK));
    stream.close();
  })();
  void sending.catch(() => {/* Awaited below; a failure before must not hide behind this one. */});
  const stalled = await stall(server, () => sent);
  assert.ok(stalled < BLOCKS / 2, `${stalled} blocks of 64 KiB were taken without a reader`);
  assert.equal((await readAll(served)).length, BLOCKS);
  await sending;
  session.finish();
});

Deno.test("a send() that waits fails when the peer leaves", async () => {
  const session = captured();
  await using server = startServer(session);
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
