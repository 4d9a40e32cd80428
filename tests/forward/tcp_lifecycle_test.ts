import assert from "node:assert/strict";
import type { PortRange } from "../../src/core/ports.ts";
import {
  echo,
  ended,
  ENGINES,
  isRefused,
  openOnFreePorts,
  readAll,
  readExactly,
  stalled,
  startRig,
  Targets,
  tryListen,
  VARIANTS,
  writeAll,
} from "./kit.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { freeRange } from "../kit/ports.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import { tcpRule } from "./rules.ts";

const utf8 = new TextEncoder();
const hello = utf8.encode("hello");

/** Every port of `range`, ascending. */
const portsOf = ({ start, end }: PortRange) =>
  Array.from({ length: end - start + 1 }, (_, i) => start + i);

for (const variant of VARIANTS) {
  const title = (what: string) => `tcp [${variant.name}] ${what}`;

  Deno.test(title("close() refuses new connections, established ones go on"), async () => {
    await using rig = await startRig(variant);
    const { client, target } = await rig.pair();

    const closing = rig.forwarder.close(rig.rule.id, 30_000);
    await closing.released;

    for (const port of portsOf(rig.rule.listen)) {
      assert.ok(await isRefused(variant.loopback, port), `port ${port} still accepts`);
    }
    assert.deepEqual(rig.forwarder.counters().rules, []);
    await writeAll(client, hello);
    assert.deepEqual(await readExactly(target, hello.length), hello);
    await writeAll(target, hello);
    assert.deepEqual(await readExactly(client, hello.length), hello);
    await client.closeWrite();
    await target.closeWrite();
    await closing.drained;
  });

  Deno.test(
    title("close() resolves when the last connection has ended, before its time"),
    async () => {
      await using rig = await startRig(variant);
      const pairs = [await rig.pair(0), await rig.pair()];
      let isClosed = false;
      const closed = rig.forwarder.close(rig.rule.id, 30_000).drained.then(() => isClosed = true);
      for (const { client, target } of pairs) {
        assert.equal(isClosed, false);
        await client.closeWrite();
        await target.closeWrite();
        await Promise.all([readAll(client), readAll(target)]);
      }
      await closed;
      assert.equal(rig.clock.pending, 0);
      assert.equal(rig.logger.of("rule.conn_closed").length, 2);
      assert.deepEqual(rig.logger.of("rule.conn_error"), []);
    },
  );

  Deno.test(title("close() cuts what is left at the deadline"), async () => {
    await using rig = await startRig(variant);
    const { client, target } = await rig.pair();
    const closed = rig.forwarder.close(rig.rule.id, 30_000).drained;
    rig.clock.advance(29_999);
    await writeAll(client, hello);
    assert.deepEqual(await readExactly(target, hello.length), hello);

    rig.clock.advance(1);

    await Promise.all([ended(client), ended(target)]);
    await closed;
    assert.deepEqual(
      rig.logger.of("rule.conn_error").map(({ fields }) => fields.error),
      ["proxy_cancelled"],
    );
  });

  Deno.test(title("close() cuts a connection whose reader is stuck"), async () => {
    await using rig = await startRig(variant);
    const { client } = await rig.pair();
    const flood = new Uint8Array(1024 * 1024);
    let accepted = 0;
    const flooding = (async () => {
      while (true) accepted += await client.write(flood);
    })();
    await stalled(() => accepted);

    const closed = rig.forwarder.close(rig.rule.id, 0).drained;

    await assert.rejects(flooding);
    await closed;
  });

  Deno.test(title("the ports of a closed rule can be opened and bound again at once"), async () => {
    await using rig = await startRig(variant);
    const { client, target } = await rig.pair();

    const closed = rig.forwarder.close(rig.rule.id, 30_000).drained;
    assert.deepEqual(await rig.forwarder.open(rig.rule), { ok: true });

    const next = await rig.pair();
    await writeAll(next.client, hello);
    assert.deepEqual(await readExactly(next.target, hello.length), hello);
    assert.equal(rig.counters().activeConnections, 1);
    await writeAll(client, hello);
    assert.deepEqual(await readExactly(target, hello.length), hello);

    const closedAgain = rig.forwarder.close(rig.rule.id, 0).drained;
    rig.clock.advance(30_000);
    await Promise.all([closed, closedAgain]);
    for (const port of portsOf(rig.rule.listen)) {
      const listener = tryListen("::", port);
      assert.ok(listener, `port ${port} is not free`);
      listener.close();
    }
  });

  Deno.test(title("a port that anybody listens on is taken, and stays theirs"), async () => {
    await using rig = await startRig(variant);
    for (const hostname of ["::", "0.0.0.0", "127.0.0.1", "::1"]) {
      const start = freeRange(variant.ports);
      const taken = start + variant.ports - 1;
      const listen = { start, end: taken };
      using _other = tryListen(hostname, taken) ?? assert.fail(`port ${taken} is taken`);
      const outcome = await rig.forwarder.open({
        ...rig.rule,
        id: 2n,
        listen,
      });
      const reason = variant.ports === 1 ? "port_in_use" : `port_in_use:${taken}`;
      assert.deepEqual(outcome, { ok: false, reason });
      for (const port of portsOf(listen).slice(0, -1)) {
        const listener = tryListen("::", port);
        assert.ok(listener, `port ${port} was not released`);
        listener.close();
      }
      assert.deepEqual(rig.forwarder.counters().rules.map(({ ruleId }) => ruleId), [rig.rule.id]);
    }
  });

  Deno.test(title("nobody else can listen on the ports of a rule"), async () => {
    await using rig = await startRig(variant);
    for (const hostname of ["::", "0.0.0.0", "127.0.0.1", "::1"]) {
      for (const port of portsOf(rig.rule.listen)) {
        assert.equal(tryListen(hostname, port), null, `${hostname} ${port} could be bound`);
      }
    }
    assert.ok((await rig.forwarder.open({ ...rig.rule, id: 2n })).ok === false);
  });

  Deno.test(title("both families reach the rule, and peers are logged unmapped"), async () => {
    await using rig = await startRig(variant);
    rig.targets.serve(echo);
    for (const [i, hostname] of ["127.0.0.1", "::1"].entries()) {
      using client = await Deno.connect({ hostname, port: rig.rule.listen.end });
      await writeAll(client, hello);
      await client.closeWrite();
      assert.deepEqual(await readAll(client), hello);
      const { fields } = await rig.logger.seen("rule.conn_closed", i + 1);
      const host = hostname === "::1" ? "[::1]" : hostname;
      assert.deepEqual(fields, {
        rule_id: `${rig.rule.id}`,
        listen_port: rig.rule.listen.end,
        peer: `${host}:${client.localAddr.port}`,
        bytes_in: hello.length,
        bytes_out: hello.length,
      });
    }
  });
}

for (const engine of ENGINES) {
  const title = (what: string) => `tcp [${engine.name}] ${what}`;

  Deno.test(title("rules do not touch each other"), async () => {
    await using forwarder = engine.create({
      clock: new FakeClock(),
      logger: new RecordingLogger(),
    });
    using targets = await Targets.listen("127.0.0.1", 5);
    targets.serve(echo);
    const rules = await Promise.all(
      portsOf(targets.ports).map((target, i) =>
        openOnFreePorts(
          forwarder,
          1,
          ({ start }) => tcpRule({ id: BigInt(i), listen: start, target }),
        )
      ),
    );
    const clients = await Promise.all(
      rules.map(({ listen }) => Deno.connect({ port: listen.start })),
    );
    await forwarder.close(2n, 0).drained;
    for (const [i, client] of clients.entries()) {
      using _ = client;
      if (i === 2) {
        await ended(client);
        continue;
      }
      await writeAll(client, hello);
      assert.deepEqual(await readExactly(client, hello.length), hello);
    }
    assert.deepEqual(forwarder.counters().rules.map(({ ruleId }) => ruleId).sort(), [
      0n,
      1n,
      3n,
      4n,
    ]);
  });

  Deno.test(title("shutdown() ends everything, drains that run already too"), async () => {
    const clock = new FakeClock();
    await using forwarder = engine.create({ clock, logger: new RecordingLogger() });
    using targets = await Targets.listen("127.0.0.1", 2);
    targets.serve(echo);
    const rules = await Promise.all(
      portsOf(targets.ports).map((target, i) =>
        openOnFreePorts(
          forwarder,
          1,
          ({ start }) => tcpRule({ id: BigInt(i), listen: start, target }),
        )
      ),
    );
    const clients = await Promise.all(
      rules.map(({ listen }) => Deno.connect({ port: listen.start })),
    );
    for (const client of clients) {
      await writeAll(client, hello);
      await readExactly(client, hello.length);
    }
    const closed = forwarder.close(0n, 30_000).drained;
    const down = forwarder.shutdown(1_000);
    clock.advance(1_000);
    await Promise.all([closed, down]);
    for (const client of clients) {
      using _ = client;
      await ended(client);
    }
    assert.equal(clock.pending, 0);
    await assert.rejects(forwarder.open(tcpRule({ listen: 80, target: 90 })), TypeError);
  });

  Deno.test(title("a 1024-port range opens and closes as one"), async () => {
    await using forwarder = engine.create({
      clock: new FakeClock(),
      logger: new RecordingLogger(),
    });
    const rule = await openOnFreePorts(
      forwarder,
      1024,
      (listen) => tcpRule({ listen, target: listen }),
    );
    assert.equal(forwarder.counters().rules[0]?.perPort.length, 1024);
    await forwarder.close(rule.id, 0).drained;
    assert.deepEqual(await forwarder.open(rule), { ok: true });
  });
}
