import assert from "node:assert/strict";
import { echo, ENGINES, openDescriptors, readAll, startRig, until, writeAll } from "./kit.ts";

const hello = new TextEncoder().encode("hello");

for (const engine of ENGINES) {
  Deno.test({
    name: `tcp [${engine.name}] 10,000 short connections leave nothing behind`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const variant = { name: engine.name, engine, loopback: "127.0.0.1", ports: 1 } as const;
      await using rig = await startRig(variant);
      rig.targets.serve(echo);
      const { start: port } = rig.rule.listen;
      const connectOnce = async () => {
        using client = await Deno.connect({ port });
        await writeAll(client, hello);
        await client.closeWrite();
        assert.deepEqual(await readAll(client), hello);
      };
      const connectMany = async (count: number) => {
        for (let i = 0; i < count; i++) await connectOnce();
      };
      const many = (each: number) =>
        Promise.all(Array.from({ length: 20 }, () => connectMany(each)));
      // Enough for all Workers to be there, with the descriptors that are their own.
      await many(50);
      await until(() => rig.counters().activeConnections === 0);
      const before = openDescriptors();

      await many(450);

      await rig.logger.seen("rule.conn_closed", 10_000);
      assert.equal(rig.counters().activeConnections, 0);
      assert.equal(rig.counters().bytesIn, 10_000n * BigInt(hello.length));
      await until(() => openDescriptors() <= before);
      assert.equal(rig.clock.pending, 0);
      // Resolves only if no task is left; the drain's clock stands still.
      await rig.forwarder.close(rig.rule.id, 30_000).drained;
      assert.deepEqual(rig.logger.of("rule.conn_error"), []);
    },
  });
}
