import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { FakeDatagrams, udpEndpoint } from "../../../tests/forward/fake_datagrams.ts";
import { osError } from "../../../tests/forward/fake_net.ts";
import { FORWARD } from "../../core/limits.ts";
import { type Packet, PacketPool } from "./packet.ts";

const take = (pool: PacketPool, count: number): Packet[] =>
  Array.from({ length: count }, () => pool.take());

Deno.test("PacketPool gives room for any datagram, to one user at a time", () => {
  const pool = new PacketPool();
  const packets = take(pool, 3 * FORWARD.udpSlabPackets);
  assert.equal(new Set(packets).size, packets.length);
  for (const [i, { bytes }] of packets.entries()) {
    assert.equal(bytes.length, FORWARD.udpPacketBytes);
    bytes.fill(i % 256, 0, 1);
    bytes.fill(i % 256, bytes.length - 1);
  }
  for (const [i, { bytes }] of packets.entries()) {
    assert.deepEqual([bytes[0], bytes.at(-1)], [i % 256, i % 256]);
  }
  assert.equal(pool.lent, packets.length);
});

Deno.test("PacketPool uses packets again, and lets unused memory go but for a little", () => {
  const pool = new PacketPool();
  const packets = take(pool, 4 * FORWARD.udpSlabPackets);
  for (const packet of packets) packet.giveBack();
  assert.equal(pool.lent, 0);
  const buffers = (packets: readonly Packet[]) => new Set(packets.map(({ bytes }) => bytes.buffer));
  const again = take(pool, 4 * FORWARD.udpSlabPackets);
  const kept = [...buffers(again)].filter((buffer) => buffers(packets).has(buffer));
  assert.equal(kept.length, 1);
  assert.equal(new Set(again).size, again.length);
});

Deno.test("Packet.send() tells what became of the datagram, and is free before it does", async () => {
  const pool = new PacketPool();
  const net = new FakeDatagrams();
  using socket = net.bind({ hostname: "::", port: 0 });
  const [fake] = net.sockets;
  fake?.sendErrors.push(null, osError("EMSGSIZE"));
  const told: unknown[] = [];
  const path = {
    socket,
    to: udpEndpoint("192.0.2.1", 9),
    sent: (bytes: number) => told.push(bytes, pool.lent),
    sendFailed: (error: unknown) => told.push((error as { code: string }).code, pool.lent),
  };
  for (const data of [[1, 2, 3], [4]]) {
    const packet = pool.take();
    packet.bytes.set(data);
    packet.send(packet.bytes.subarray(0, data.length), path);
    await turn();
  }
  assert.deepEqual(fake?.sent, [{ data: [1, 2, 3], to: "192.0.2.1 9" }]);
  assert.deepEqual(told, [3, 0, "EMSGSIZE", 0]);
});
