import assert from "node:assert/strict";
import { Block } from "../../src/forward/linux/native/block.ts";
import { openLibc } from "../../src/forward/linux/native/libc.ts";
import { Outbox } from "../../src/forward/linux/udp_outbox.ts";
import { UdpSocket } from "../../src/forward/linux/udp_socket.ts";
import { until, VARIANTS } from "./kit.ts";
import { startUdpRig } from "./udp_kit.ts";

/** Sends `lengths.length` datagrams to `port` in as few messages as the kernel takes. */
function sendTrain(hostname: string, port: number, lengths: readonly number[]): void {
  const libc = openLibc();
  using socket = UdpSocket.open(hostname, libc);
  socket.connect({ hostname, port });
  const outbox = new Outbox(libc, { sendFailed: (errno) => assert.fail(`errno ${errno}`) });
  const memory = new Block(64 * 1024);
  outbox.begin(true);
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    memory.bytes.fill(i, at, at + length);
    assert.ok(outbox.add(memory.address + at, length, 0));
    at += length;
  }
  outbox.send(socket.fd);
  assert.equal(outbox.sentDatagrams, lengths.length);
}

const linux = VARIANTS.filter(({ ports }) => ports === 1 && Deno.build.os === "linux");
for (const variant of linux) {
  const title = (what: string) => `udp [${variant.name}] ${what}`;

  Deno.test(
    title("a train that comes in at once arrives as the datagrams that it is"),
    async () => {
      await using rig = await startUdpRig(variant);
      const lengths = [...new Array<number>(40).fill(1_200), 17];
      sendTrain(variant.loopback, rig.rule.listen.end, lengths);
      const received = await rig.target().receiveMany(lengths.length);
      assert.deepEqual(received.map(({ data }) => data.length), lengths);
      for (const [i, { data }] of received.entries()) assert.ok(data.every((byte) => byte === i));
      await until(() => rig.counters().datagramsIn === 41n);
      assert.equal(rig.counters().bytesIn, 48_017n);
    },
  );

  Deno.test(title("a cap lets pass what it has tokens for of a train"), async () => {
    await using rig = await startUdpRig(variant, { limits: { bandwidthInBps: 500n } });
    sendTrain(variant.loopback, rig.rule.listen.end, new Array<number>(20).fill(100));
    const received = await rig.target().receiveMany(5);
    assert.deepEqual(received.map(({ data }) => data[0]), [0, 1, 2, 3, 4]);
    await until(() => rig.counters().errors.bandwidth_dropped_in === 15n);
    assert.equal(rig.counters().datagramsIn, 5n);
  });
}
