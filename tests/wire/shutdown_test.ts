import assert from "node:assert/strict";
import { FakeClock } from "../kit/fake_clock.ts";
import {
  BLOCK,
  BLOCKS,
  captured,
  open,
  readAll,
  startServer,
  welcome,
  wireError,
} from "./harness.ts";

Deno.test("stop() ends sessions with status OK and closes the listener", async () => {
  const ends: string[] = [];
  await using server = startServer({
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
  await using server = startServer({ ...session, clock });
  const stream = await open(server);
  await session.stream;
  const stopping = server.server.stop(5_000);
  assert.deepEqual(await readAll(stream), [], "the client is let go at once");
  assert.notEqual(clock.pending, 0, "the session has not returned");
  clock.advance(5_000);
  await stopping;
  session.finish();
});

Deno.test("stop() cuts a client that does not read", async () => {
  const clock = new FakeClock();
  const session = captured();
  await using server = startServer({ ...session, clock });
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
