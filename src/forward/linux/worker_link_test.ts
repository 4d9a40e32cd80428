import assert from "node:assert/strict";
import {
  echo,
  ended,
  openDescriptors,
  openOnFreePorts,
  readExactly,
  Targets,
  until,
  writeAll,
} from "../../../tests/forward/kit.ts";
import { tcpRule } from "../../../tests/forward/rules.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { createLinuxForwarder } from "./forwarder.ts";
import { openLibc } from "./native/libc.ts";
import type { Start } from "./protocol.ts";
import { Ring } from "./ring.ts";

const hello = new TextEncoder().encode("hello");

/** A Worker that tells what it was started with. */
class WatchedWorker extends Worker {
  static readonly starts: Start[] = [];

  constructor() {
    super(new URL("./linux_worker.ts", import.meta.url), { type: "module" });
  }

  override postMessage(message: Start): void {
    WatchedWorker.starts.push(message);
    super.postMessage(message);
  }
}

Deno.test({
  name: "a Worker that crashes takes its connections with it, and the listeners go on",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const libc = openLibc();
    const logger = new RecordingLogger();
    using targets = await Targets.listen("127.0.0.1", 1);
    targets.serve(echo);
    await using forwarder = createLinuxForwarder({
      clock: new FakeClock(),
      logger,
      libc,
      spawn: () => new WatchedWorker(),
    });
    const rule = await openOnFreePorts(
      forwarder,
      1,
      (listen) => tcpRule({ listen, target: targets.ports.start }),
    );
    const echoes = async () => {
      const client = await Deno.connect({ port: rule.listen.start });
      await writeAll(client, hello);
      assert.deepEqual(await readExactly(client, hello.length), hello);
      return client;
    };
    const first = await echoes();
    const before = openDescriptors();
    for (let round = 1; round <= 3; round++) {
      using client = await echoes();
      const start = WatchedWorker.starts.at(-1) ?? assert.fail("no Worker");
      new Ring(start.commands).push([99]);
      libc.write(start.wakeFd, new Uint8Array(new BigUint64Array([1n]).buffer), 8);
      await logger.seen("forward.worker_crashed", round);
      await ended(client);
      if (round > 1) continue;
      await ended(first);
      first.close();
    }
    assert.equal(logger.of("rule.conn_error")[0]?.fields.error, "worker_crashed");
    assert.equal(logger.of("forward.worker_crashed")[0]?.level, "error");
    using _ = await echoes();
    await until(() => forwarder.counters().rules[0]?.activeConnections === 1);
    await until(() => openDescriptors() <= before);
  },
});

Deno.test({
  name: "more commands than fit at a time are done in their order",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const forwarder = createLinuxForwarder({
      clock: new FakeClock(),
      logger: new RecordingLogger(),
    });
    await using _ = forwarder;
    const open = (id: bigint) =>
      openOnFreePorts(forwarder, 1024, (listen) => tcpRule({ id, listen, target: listen }));
    // Two sockets a port, and the Worker is not even there yet.
    for (let id = 1n; id <= 4n; id++) await open(id);
    for (let id = 1n; id <= 4n; id++) await forwarder.close(id, 0).drained;
  },
});
