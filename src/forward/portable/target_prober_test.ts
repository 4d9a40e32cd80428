import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { FakeNet, FakeSocket } from "../../../tests/forward/fake_net.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import type { Resolver } from "../resolver.ts";
import { probeTargets } from "./target_prober.ts";

/** Probes of two targets, `192.0.2.1:1` and `192.0.2.2:2`, every second. */
class Fixture implements AsyncDisposable {
  readonly net = new FakeNet();
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly results: string[] = [];
  readonly #ending = new AbortController();
  readonly #done: Promise<void>;

  constructor(
    { resolver = { resolve: () => assert.fail("nothing to resolve") }, host = "192.0.2.1" }: {
      readonly resolver?: Resolver;
      readonly host?: string;
    } = {},
  ) {
    const target = (index: number, host: string) => ({
      ...{ index, host, port: index + 1 },
      probed: (ok: boolean) => this.results.push(`${index} ${ok ? "ok" : "failed"}`),
    });
    this.#done = probeTargets({
      ruleId: 1n,
      preferIpv6: false,
      targets: [target(0, host), target(1, "192.0.2.2")],
      intervalMs: 1_000,
      context: { net: this.net, clock: this.clock, logger: this.logger, resolver },
      signal: this.#ending.signal,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#done;
    assert.equal(this.clock.pending, 0);
  }
}

Deno.test("probeTargets() probes one target per interval, in turn, the first at once", async () => {
  await using fixture = new Fixture();
  const socket = new FakeSocket();
  (await fixture.net.dialing()).accept(socket);
  await turn();
  assert.deepEqual(fixture.results, ["0 ok"]);
  assert.ok(socket.isClosed);
  assert.deepEqual(socket.written, [], "not even a PROXY header");
  assert.equal(fixture.logger.of("rule.target.probe_ok")[0]?.level, "debug");

  fixture.clock.advance(999);
  await turn();
  assert.equal(fixture.clock.pending, 1, "only the pause");
  fixture.clock.advance(1);
  (await fixture.net.dialing()).refuse();
  await turn();
  fixture.clock.advance(1_000);
  const third = await fixture.net.dialing();
  assert.deepEqual(third.endpoint, { hostname: "192.0.2.1", port: 1 });
  third.accept(new FakeSocket());
  await turn();
  assert.deepEqual(fixture.results, ["0 ok", "1 failed", "0 ok"]);
  const { fields } = fixture.logger.of("rule.target.probe_failed")[0] ?? assert.fail();
  assert.deepEqual(fields, {
    rule_id: "1",
    target_index: 1,
    target_host: "192.0.2.2",
    target_port: 2,
    error: "ECONNREFUSED (os error)",
  });
});

Deno.test("probeTargets() delays the next probe while one takes longer than the interval", async () => {
  await using fixture = new Fixture();
  const slow = await fixture.net.dialing();
  fixture.clock.advance(2_500);
  slow.accept(new FakeSocket());
  const next = await turn().then(() => {
    fixture.clock.advance(0);
    return fixture.net.dialing();
  });
  assert.equal(next.endpoint.port, 2);
  next.accept(new FakeSocket());
  await turn();
  assert.deepEqual(fixture.results, ["0 ok", "1 ok"]);
});

Deno.test("probeTargets() gives each address of a name 3 s, and a probe 5 s in all", async () => {
  const addresses = ["192.0.2.7", "192.0.2.8"];
  await using fixture = new Fixture({
    host: "db.test",
    resolver: { resolve: () => Promise.resolve({ addresses, source: "cached" }) },
  });
  const first = await fixture.net.dialing();
  assert.deepEqual(first.endpoint, { hostname: "192.0.2.7", port: 1 });
  fixture.clock.advance(3_000);
  assert.ok(first.isCancelled);
  first.refuse();
  const second = await fixture.net.dialing();
  fixture.clock.advance(1_999);
  assert.equal(second.isCancelled, false);
  fixture.clock.advance(1);
  assert.ok(second.isCancelled);
  second.refuse();
  const { level, fields } = await fixture.logger.seen("rule.target.probe_timeout");
  assert.equal(level, "warn");
  assert.deepEqual(fields, {
    rule_id: "1",
    target_index: 0,
    target_host: "db.test",
    target_port: 1,
    timeout_secs: 5,
  });
  assert.deepEqual(fixture.results, ["0 failed"]);
});

Deno.test("probeTargets() ends with its signal, in the middle of a probe too", async () => {
  const fixture = new Fixture();
  const dialing = await fixture.net.dialing();
  const ended = fixture[Symbol.asyncDispose]();
  assert.ok(dialing.isCancelled);
  dialing.refuse();
  await ended;
  assert.deepEqual(fixture.results, [], "nothing is known of that target");
});
