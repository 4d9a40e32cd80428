import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { connectUnix } from "../system/unix_socket.ts";
import { helloOf } from "./stats_messages.ts";
import { openStatsSocket } from "./stats_socket.ts";

Deno.test("the stats socket serves 16 readers, replaces a stale file and yields to a live one", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/s.sock`;
  const logger = new RecordingLogger();
  const options = {
    path,
    refreshMs: 1_000,
    source: {
      hello: helloOf({ rules: [], startedAtMs: 0, refreshMs: 1_000 }),
      snapshot: () => ({
        t_ms: 0,
        uptime_ms: 0,
        process: { fd_open: null, fd_limit: null, rss_bytes: null },
        r: [],
      }),
    },
    clock: new FakeClock(),
    logger,
  };
  {
    await using socket = await openStatsSocket(options);
    assert.ok(socket);
    assert.equal(await openStatsSocket(options), null);
    const readers = [];
    for (let i = 0; i < 16; i++) {
      const conn = await connectUnix(path);
      readers.push(conn);
      assert.ok((await conn.read(new Uint8Array(10))) !== null);
    }
    using refused = await connectUnix(path);
    assert.equal(await refused.read(new Uint8Array(10)).catch(() => null), null);
    assert.equal(logger.of("standalone.stats_conn_limit_reached")[0]?.fields["max"], 16);
    for (const conn of readers) conn.close();
  }
  assert.equal(logger.of("standalone.stats_socket_bind_failed").length, 1);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(directory)), []);
  await Deno.writeTextFile(path, "not a socket");
  assert.equal(await openStatsSocket(options), null);
  await Deno.remove(directory, { recursive: true });
});
