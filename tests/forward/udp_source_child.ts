/**
 * Run in a network of its own: prints, as JSON, where replies come from that a client gets which
 * talks to each of the host's addresses. The argument is the engine's name.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FakeClock } from "../kit/fake_clock.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import { ENGINES } from "./kit.ts";
import { udpRule } from "./rules.ts";
import { clientOf, UdpPeer } from "./udp_kit.ts";

const PORT = 20_000;

async function main(): Promise<void> {
  const engine = ENGINES.find(({ name }) => name === Deno.args[0]) ?? assert.fail("no such engine");
  await using forwarder = engine.create({ clock: new FakeClock(), logger: new RecordingLogger() });
  using target = UdpPeer.bind("127.0.0.1");
  void target.echo();
  const opened = await forwarder.open(udpRule({ listen: PORT, target: target.addr.port }));
  assert.deepEqual(opened, { ok: true });

  const answers: Record<string, string> = {};
  for (const { address } of Deno.networkInterfaces()) {
    using client = clientOf(address.includes(":") ? "::" : "0.0.0.0", PORT, address);
    await client.send(new Uint8Array(1));
    answers[address] = (await client.receive()).from.hostname;
  }
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(answers)));
}

if (import.meta.main) await main();
