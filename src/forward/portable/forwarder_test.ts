import assert from "node:assert/strict";
import { FakeNet, FakeSocket } from "../../../tests/forward/fake_net.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { tcpRule } from "../../../tests/forward/rules.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import type { Forwarder } from "../forwarder.ts";
import { createPortableForwarder } from "./forwarder.ts";

interface Fakes {
  readonly forwarder: Forwarder;
  readonly net: FakeNet;
  readonly clock: FakeClock;
}

function create(): Fakes {
  const net = new FakeNet();
  const clock = new FakeClock();
  const resolver = { resolve: () => assert.fail("nothing to resolve") };
  const logger = new RecordingLogger();
  return { forwarder: createPortableForwarder({ clock, logger, resolver, net }), net, clock };
}

const rule = tcpRule({ listen: 80, target: 90 });

/** A forwarder with one rule and one connection through it. */
async function withConnection(): Promise<Fakes & { client: FakeSocket; target: FakeSocket }> {
  const fakes = create();
  assert.deepEqual(await fakes.forwarder.open(rule), { ok: true });
  const client = new FakeSocket();
  const target = new FakeSocket();
  fakes.net.bound[0]?.deliver(client);
  (await fakes.net.dialing()).accept(target);
  return { ...fakes, client, target };
}

Deno.test("open() forgets a rule whose port is taken", async () => {
  const { forwarder, net } = create();
  const other = net.listen({ hostname: "0.0.0.0", port: 80 });
  assert.deepEqual(await forwarder.open(rule), { ok: false, reason: "port_in_use" });
  assert.deepEqual(forwarder.counters().rules, []);
  other[Symbol.dispose]();
  assert.deepEqual(await forwarder.open(rule), { ok: true });
  await forwarder.shutdown(0);
});

Deno.test("open() throws for a rule that is open, and after shutdown()", async () => {
  const { forwarder } = create();
  await forwarder.open(rule);
  await assert.rejects(
    forwarder.open({ ...rule, ...{ listen: { start: 81, end: 81 } } }),
    TypeError,
  );
  await forwarder.shutdown(0);
  await assert.rejects(forwarder.open(rule), TypeError);
});

Deno.test("open() gets the port of a rule that was closed just before and still drains", async () => {
  const { forwarder, net, client } = await withConnection();
  const drained = forwarder.close(1n, 1_000).drained;
  assert.deepEqual(forwarder.counters().rules, []);

  assert.deepEqual(await forwarder.open(rule), { ok: true });

  assert.equal(client.isClosed, false);
  assert.equal(net.bound.length, 1);
  assert.equal(forwarder.counters().rules[0]?.activeConnections, 0);
  await forwarder.shutdown(0);
  await drained;
});

Deno.test("close() and setLimits() throw for a rule that is not open", () => {
  const { forwarder } = create();
  assert.throws(() => forwarder.close(1n, 0), TypeError);
  assert.throws(() => forwarder.setLimits(1n, null), TypeError);
});

Deno.test("shutdown() closes every rule and waits for the last connection", async () => {
  const { forwarder, net, clock, client, target } = await withConnection();
  await forwarder.open({ ...rule, id: 2n, listen: { start: 81, end: 82 } });
  let isDone = false;
  const done = forwarder.shutdown(1_000).then(() => isDone = true);
  assert.deepEqual(net.bound, []);
  assert.equal(isDone, false);
  client.send(null);
  target.send(null);
  await done;
  assert.equal(clock.pending, 0);
});

Deno.test("shutdown() cuts rules that drain already after its own time", async () => {
  const { forwarder, clock, client } = await withConnection();
  const drained = forwarder.close(1n, 30_000).drained;
  const done = forwarder.shutdown(1_000);
  clock.advance(1_000);
  await Promise.all([drained, done]);
  assert.ok(client.isClosed);
  assert.equal(clock.pending, 0);
});

Deno.test("disposing cuts everything at once", async () => {
  const { forwarder, net, clock, client, target } = await withConnection();
  {
    await using _ = forwarder;
  }
  assert.ok(client.isClosed && target.isClosed);
  assert.deepEqual(net.bound, []);
  assert.equal(clock.pending, 0);
});
