import assert from "node:assert/strict";
import { noRuleCounters } from "../../src/forward/counters.ts";
import { bytesFrom, seeded, until, VARIANTS } from "./kit.ts";
import { startUdpRig } from "./udp_kit.ts";

for (const variant of VARIANTS) {
  Deno.test(`udp [${variant.name}] counters are exact, live, per port, and add up`, async () => {
    await using rig = await startUdpRig(variant);
    const random = seeded(11);
    const expected = Array.from({ length: variant.ports }, (_, i) => ({
      listenPort: rig.rule.listen.start + i,
      bytesIn: 0n,
      bytesOut: 0n,
      activeConnections: 0,
      datagramsIn: 0n,
      datagramsOut: 0n,
    }));
    let flows = 0;
    const check = () => {
      const { perPort, ...totals } = rig.counters();
      assert.deepEqual(perPort, variant.ports === 1 ? [] : expected);
      const { perPort: _, ...nothing } = noRuleCounters(rig.rule.id);
      const sum = (member: "bytesIn" | "bytesOut" | "datagramsIn" | "datagramsOut") =>
        expected.reduce((total, port) => total + port[member], 0n);
      assert.deepEqual(totals, {
        ...nothing,
        bytesIn: sum("bytesIn"),
        bytesOut: sum("bytesOut"),
        datagramsIn: sum("datagramsIn"),
        datagramsOut: sum("datagramsOut"),
        activeFlows: flows,
      });
    };
    check();
    for (let i = 0; i < 9; i++) {
      const index = i % variant.ports;
      const port = expected[index] ?? assert.fail();
      const client = rig.client(index);
      flows += 1;
      const question = bytesFrom(random, Math.floor(random() * 3_000));
      const answers = [0, 1, 2].map(() => bytesFrom(random, Math.floor(random() * 3_000)));
      await client.send(question);
      const { from } = await rig.target(index).receive();
      for (const answer of answers) await rig.target(index).send(answer, from);
      for (const answer of answers) assert.deepEqual((await client.receive()).data, answer);
      port.bytesIn += BigInt(question.length);
      port.datagramsIn += 1n;
      port.bytesOut += BigInt(answers.reduce((sum, { length }) => sum + length, 0));
      port.datagramsOut += 3n;
      const before = BigInt(i + 1);
      await until(() =>
        rig.counters().datagramsIn === before && rig.counters().datagramsOut === 3n * before
      );
      check();
    }
  });
}
