import assert from "node:assert/strict";
import { noRuleCounters } from "../../src/forward/counters.ts";
import {
  bytesFrom,
  echo,
  readAll,
  readExactly,
  seeded,
  startRig,
  until,
  VARIANTS,
  writeAll,
} from "./kit.ts";

for (const variant of VARIANTS) {
  const title = (what: string) => `tcp [${variant.name}] ${what}`;

  Deno.test(title("counters are exact, live, per port, and add up"), async () => {
    await using rig = await startRig(variant);
    const random = seeded(5);
    const { start } = rig.rule.listen;
    const expected = Array.from({ length: variant.ports }, (_, i) => ({
      listenPort: start + i,
      bytesIn: 0n,
      bytesOut: 0n,
      activeConnections: 0,
      datagramsIn: 0n,
      datagramsOut: 0n,
    }));
    const check = () => {
      const { perPort, connectionsTotal, ...totals } = rig.counters();
      assert.equal(connectionsTotal, opened);
      assert.deepEqual(perPort, variant.ports === 1 ? [] : expected);
      const { perPort: _, connectionsTotal: __, ...nothing } = noRuleCounters(rig.rule.id);
      assert.deepEqual(totals, {
        ...nothing,
        bytesIn: expected.reduce((sum, { bytesIn }) => sum + bytesIn, 0n),
        bytesOut: expected.reduce((sum, { bytesOut }) => sum + bytesOut, 0n),
        activeConnections: expected.reduce((sum, port) => sum + port.activeConnections, 0),
      });
    };
    let opened = 0n;
    check();
    for (let i = 0; i < 6; i++) {
      opened += 1n;
      const port = expected[i % variant.ports] ?? assert.fail();
      const { client, target } = await rig.pair(i % variant.ports);
      const [question, answer] = [1, 2].map(() =>
        bytesFrom(random, Math.floor(random() * 300_000))
      );
      assert.ok(question && answer);
      const before = rig.counters();
      await Promise.all([writeAll(client, question), readExactly(target, question.length)]);
      await Promise.all([writeAll(target, answer), readExactly(client, answer.length)]);
      port.activeConnections += 1;
      port.bytesIn += BigInt(question.length);
      port.bytesOut += BigInt(answer.length);
      await until(() =>
        rig.counters().bytesIn === before.bytesIn + BigInt(question.length) &&
        rig.counters().bytesOut === before.bytesOut + BigInt(answer.length)
      );
      check();
      if (i % 2 === 0) continue;
      await client.closeWrite();
      await target.closeWrite();
      await Promise.all([readAll(client), readAll(target)]);
      await rig.logger.seen("rule.conn_closed", (i + 1) / 2);
      port.activeConnections -= 1;
      check();
    }
  });

  Deno.test(
    title("bytes of connections that were cut stay counted until the rule goes"),
    async () => {
      await using rig = await startRig(variant);
      rig.targets.serve(echo);
      const client = await rig.connect();
      await writeAll(client, new Uint8Array(1000));
      await readExactly(client, 1000);
      client.close();
      await until(() => rig.counters().activeConnections === 0);
      const { bytesIn, bytesOut } = rig.counters();
      assert.deepEqual([bytesIn, bytesOut], [1000n, 1000n]);

      await rig.forwarder.close(rig.rule.id, 0).drained;
      assert.deepEqual(await rig.forwarder.open(rig.rule), { ok: true });
      assert.equal(rig.counters().bytesIn, 0n);
    },
  );
}
