import assert from "node:assert/strict";
import { noRuleCounters } from "../counters.ts";
import { setImmediate as microtasksDone } from "node:timers/promises";
import {
  type FakeListener,
  FakeNet,
  FakeSocket,
  osError,
} from "../../../tests/forward/fake_net.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { tcpRule } from "../../../tests/forward/rules.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import type { RuleSpec } from "../../core/rule.ts";
import { type Resolution, ResolveError } from "../resolver.ts";
import { CopyMemory } from "./buffer_pool.ts";
import { Owner } from "../policy/owners.ts";
import { ListedTargets, SingleTarget } from "./rule_targets.ts";
import { TcpRule } from "./tcp_rule.ts";
import { LocalMeter } from "../policy/meter.ts";

type Answer = Partial<Resolution> | Error;

function start(part: Partial<RuleSpec> = {}, answer: Answer = {}) {
  const spec = tcpRule({ listen: { start: 80, end: 81 }, target: { start: 90, end: 91 }, ...part });
  const net = new FakeNet();
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const memory = new CopyMemory();
  const resolver = {
    resolve: () =>
      answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve<Resolution>({ addresses: ["192.0.2.9"], source: "cached", ...answer }),
  };
  net.listen({ hostname: "::", port: 80 });
  net.listen({ hostname: "::", port: 81 });
  const [listener, other] = net.listeners as [FakeListener, FakeListener];
  const owner = new Owner(clock, new LocalMeter());
  const targets = spec.targets.length === 0
    ? new SingleTarget(spec.targetHost)
    : new ListedTargets(spec, { clock, logger });
  const createMeter = () => new LocalMeter();
  const environment = { net, clock, logger, memory, createMeter, resolver };
  const rule = new TcpRule({ spec, listeners: net.listeners, targets, owner, environment });
  /** A client connects to `at`, and the target accepts. */
  const connect = async (at: FakeListener) => {
    const client = new FakeSocket();
    const target = new FakeSocket();
    at.deliver(client);
    (await net.dialing()).accept(target);
    await microtasksDone();
    return { client, target };
  };
  return { net, clock, logger, listener, other, rule, owner, connect };
}

const fields = { rule_id: "1", listen_port: 80, peer: "192.0.2.1:4000" };

Deno.test("TcpRule forwards to the port of the target that belongs to the listen port", async () => {
  const { net, other, rule } = start();
  other.deliver(new FakeSocket());
  const dialing = await net.dialing();
  assert.deepEqual(dialing.endpoint, { hostname: "127.0.0.1", port: 91 });
  dialing.refuse();
  await rule.close(0);
});

Deno.test("TcpRule counts live, by port, and logs the end of a connection at debug", async () => {
  const { logger, listener, rule, connect } = start();
  const { client, target } = await connect(listener);
  assert.ok(client.noDelay && target.noDelay);
  client.send(Uint8Array.of(1, 2, 3));
  target.send(Uint8Array.of(4, 5));
  await microtasksDone();

  const idle = {
    bytesIn: 0n,
    bytesOut: 0n,
    activeConnections: 0,
    datagramsIn: 0n,
    datagramsOut: 0n,
  };
  const busy = { ...idle, bytesIn: 3n, bytesOut: 2n, activeConnections: 1 };
  assert.deepEqual(rule.counters(), {
    ...noRuleCounters(1n),
    ...busy,
    connectionsTotal: 1n,
    perPort: [{ listenPort: 80, ...busy }, { listenPort: 81, ...idle }],
  });

  client.send(null);
  target.send(null);
  const closed = await logger.seen("rule.conn_closed");
  assert.deepEqual(closed, {
    level: "debug",
    event: "rule.conn_closed",
    fields: { ...fields, bytes_in: 3, bytes_out: 2 },
  });
  assert.ok(client.isClosed && target.isClosed);
  assert.equal(rule.counters().activeConnections, 0);
  await rule.close(0);
});

Deno.test("TcpRule closes the inbound socket when the dial fails, and goes on", async () => {
  const { net, logger, listener, rule, connect } = start();
  const client = new FakeSocket();
  listener.deliver(client);
  (await net.dialing()).refuse(osError("ECONNREFUSED"));

  assert.deepEqual(await logger.seen("rule.conn_error"), {
    level: "warn",
    event: "rule.conn_error",
    fields: { ...fields, error: "ECONNREFUSED (os error)" },
  });
  assert.ok(client.isClosed);
  assert.deepEqual(client.written, []);
  assert.equal(rule.counters().dnsFailures, 0n);
  assert.deepEqual(logger.of("rule.dns_failed"), []);
  await connect(listener);
  assert.equal(rule.counters().activeConnections, 1);
  await rule.close(0);
});

Deno.test("TcpRule counts and logs a name that does not resolve", async () => {
  const failure = new ResolveError("nxdomain", "no such name");
  const { logger, listener, rule } = start({ targetHost: "db.test" }, failure);
  const client = new FakeSocket();
  listener.deliver(client);

  const { fields: { error } } = await logger.seen("rule.conn_error");
  assert.equal(error, "dns_resolution_failed: no such name");
  assert.deepEqual(logger.of("rule.dns_failed"), [{
    level: "warn",
    event: "rule.dns_failed",
    fields: { rule_id: "1", hostname: "db.test", reason: "nxdomain", detail: "no such name" },
  }]);
  assert.ok(client.isClosed);
  assert.equal(rule.counters().dnsFailures, 1n);
  await rule.close(0);
});

Deno.test("TcpRule counts and logs a name none of whose addresses accepts", async () => {
  const { net, logger, listener, rule } = start({ targetHost: "db.test" });
  listener.deliver(new FakeSocket());
  (await net.dialing()).refuse();

  await logger.seen("rule.conn_error");
  assert.deepEqual(logger.of("rule.dns_failed")[0]?.fields, {
    rule_id: "1",
    hostname: "db.test",
    reason: "all_addrs_unreachable",
    tried: 1,
    last_error: "ECONNREFUSED (os error)",
  });
  assert.equal(rule.counters().dnsFailures, 1n);
  await rule.close(0);
});

Deno.test("TcpRule counts a connection to an address that is out of date, and makes it", async () => {
  const { logger, listener, rule, connect } = start({ targetHost: "db.test" }, { source: "stale" });
  await connect(listener);
  assert.equal(rule.counters().dnsFailures, 1n);
  assert.equal(rule.counters().activeConnections, 1);
  assert.deepEqual(logger.of("rule.dns_failed"), []);
  await rule.close(0);
});

Deno.test("TcpRule pauses 50 ms after a failed accept, every time, and goes on", async () => {
  const { clock, logger, listener, rule, connect } = start();
  for (let n = 1; n <= 3; n++) {
    listener.deliver(osError("EMFILE"));
    assert.deepEqual(await logger.seen("rule.accept_error", n), {
      level: "warn",
      event: "rule.accept_error",
      fields: { rule_id: "1", listen_port: 80, error: "EMFILE (os error)" },
    });
    clock.advance(49);
    await microtasksDone();
    assert.equal(clock.pending, 1);
    clock.advance(1);
    await microtasksDone();
    assert.equal(clock.pending, 0);
  }
  await connect(listener);
  await rule.close(0);
});

Deno.test("TcpRule close() ends a pause after a failed accept, silently", async () => {
  const { clock, logger, listener, rule } = start();
  listener.deliver(osError("ECONNABORTED"));
  await logger.seen("rule.accept_error");

  await rule.close(1_000);

  assert.equal(clock.pending, 0);
  assert.equal(logger.lines.length, 1);
});

Deno.test("TcpRule close() closes the listeners before it returns, connections go on", async () => {
  const { net, clock, rule, listener, connect } = start();
  const { client, target } = await connect(listener);

  const closed = rule.close(1_000);
  assert.deepEqual(net.bound, []);
  await rule.released;
  client.send(Uint8Array.of(1));
  await microtasksDone();
  assert.deepEqual(target.written, [1]);

  client.send(null);
  target.send(null);
  await closed;
  assert.equal(clock.pending, 0);
});

Deno.test("TcpRule close() cuts what is left at the deadline", async () => {
  const { clock, logger, rule, listener, connect } = start();
  const { client, target } = await connect(listener);
  const closed = rule.close(1_000);
  clock.advance(999);
  await microtasksDone();
  assert.equal(client.isClosed, false);

  clock.advance(1);
  await closed;

  assert.ok(client.isClosed && target.isClosed);
  assert.deepEqual(logger.of("rule.conn_error").map(({ fields }) => fields), [
    { ...fields, error: "proxy_cancelled" },
  ]);
});

Deno.test("TcpRule close() again brings the cut forward, and never puts it off", async () => {
  const { clock, rule, listener, connect } = start();
  const { client } = await connect(listener);
  const first = rule.close(1_000);
  const second = rule.close(5_000);
  clock.advance(500);
  await microtasksDone();
  assert.equal(client.isClosed, false);
  const third = rule.close(0);
  await Promise.all([first, second, third]);
  assert.ok(client.isClosed);
  assert.equal(clock.pending, 0);
});

Deno.test("TcpRule close() gives up a dial at the deadline, not before", async () => {
  const { net, clock, rule, listener } = start();
  const client = new FakeSocket();
  listener.deliver(client);
  const dialing = await net.dialing();
  const closed = rule.close(1_000);
  assert.equal(dialing.isCancelled, false);
  clock.advance(1_000);
  assert.equal(dialing.isCancelled, true);
  dialing.refuse(new Error("operation canceled"));
  await closed;
  assert.ok(client.isClosed);
  assert.equal(clock.pending, 0);
});

Deno.test("TcpRule serves a connection that was accepted while the rule was closed", async () => {
  const { net, rule, listener, clock } = start();
  const client = new FakeSocket();
  listener.deliver(client);
  const closed = rule.close(1_000);
  const target = new FakeSocket();
  (await net.dialing()).accept(target);
  client.send(Uint8Array.of(1), null);
  target.send(null);
  await closed;
  assert.deepEqual(target.written, [1]);
  assert.equal(clock.pending, 0);
});

Deno.test("TcpRule cuts at once what was accepted while the rule was closed without drain", async () => {
  const { rule, listener } = start();
  const client = new FakeSocket();
  listener.deliver(client);
  await rule.close(0);
  assert.ok(client.isClosed);
});
