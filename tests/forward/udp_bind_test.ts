import assert from "node:assert/strict";
import { FakeClock } from "../kit/fake_clock.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import { ENGINES, openOnFreePorts, readExactly, startRig, tryListen, VARIANTS } from "./kit.ts";
import { udpRule } from "./rules.ts";
import { clientOf, startUdpRig, tryBind } from "./udp_kit.ts";

const hello = new TextEncoder().encode("hello");
const WILDCARDS = ["::", "0.0.0.0"];

for (const variant of VARIANTS) {
  const title = (what: string) => `udp [${variant.name}] ${what}`;

  Deno.test(title("a port that anybody holds is taken, and nothing else stays bound"), async () => {
    await using rig = await startUdpRig(variant);
    for (const hostname of [...WILDCARDS, "127.0.0.1", "::1"]) {
      const { start } = await openFree(rig.forwarder, variant.ports);
      const last = start + variant.ports - 1;
      using _other = tryBind(hostname, last) ?? assert.fail("port taken meanwhile");
      const listen = { start, end: last };
      const outcome = await rig.forwarder.open({ ...rig.rule, id: 2n, listen });
      const reason = variant.ports === 1 ? "port_in_use" : `port_in_use:${last}`;
      assert.deepEqual(outcome, { ok: false, reason });
      for (let port = start; port < last; port++) {
        const peer = tryBind("::", port);
        assert.ok(peer, `port ${port} was not released`);
        peer[Symbol.dispose]();
      }
    }
  });

  Deno.test(title("nobody else can bind the ports of a rule, of either family"), async () => {
    await using rig = await startUdpRig(variant);
    for (const hostname of WILDCARDS) {
      for (let port = rig.rule.listen.start; port <= rig.rule.listen.end; port++) {
        assert.equal(tryBind(hostname, port), null, `${hostname} ${port} could be bound`);
      }
    }
    const outcome = await rig.forwarder.open({ ...rig.rule, id: 2n });
    assert.equal(outcome.ok, false);
  });

  Deno.test(title("the same ports serve TCP, too"), async () => {
    await using tcp = await startRig(variant);
    await using udp = await startUdpRig(variant);
    void udp.target().echo();
    const both = await tcp.forwarder.open({ ...udp.rule, id: 2n, listen: tcp.rule.listen });
    assert.deepEqual(both, { ok: true });
    using client = clientOf(variant.loopback, tcp.rule.listen.end);
    assert.deepEqual(await client.ask(hello), hello);
    const pair = await tcp.pair();
    await pair.client.write(hello);
    assert.deepEqual(await readExactly(pair.target, hello.length), hello);
    await tcp.forwarder.close(2n, 0).drained;
    await pair.client.write(hello);
    assert.deepEqual(await readExactly(pair.target, hello.length), hello);
  });
}

for (const engine of ENGINES) {
  Deno.test(`udp [${engine.name}] a 1024-port range opens and closes as one`, async () => {
    await using forwarder = engine.create({
      clock: new FakeClock(),
      logger: new RecordingLogger(),
    });
    const rule = await openOnFreePorts(
      forwarder,
      1024,
      (listen) => udpRule({ listen, target: listen }),
    );
    assert.equal(forwarder.counters().rules[0]?.perPort.length, 1024);
    await forwarder.close(rule.id, 0).drained;
    assert.deepEqual(await forwarder.open(rule), { ok: true });
    for (const hostname of WILDCARDS) {
      const listener = tryListen(hostname, rule.listen.end);
      assert.ok(listener, "TCP ports stay free");
      listener.close();
    }
  });
}

/** Ports that a UDP rule could have just now. */
async function openFree(
  forwarder: Parameters<typeof openOnFreePorts>[0],
  count: number,
): Promise<{ readonly start: number }> {
  const rule = await openOnFreePorts(
    forwarder,
    count,
    (listen) => udpRule({ id: 9n, listen, target: listen }),
  );
  await forwarder.close(rule.id, 0).released;
  return rule.listen;
}
