import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import type { RateLimit } from "../../core/rate_limit.ts";
import { Limiter, type Scope } from "./limiter.ts";
import { LocalMeter } from "./meter.ts";

function create(limits: RateLimit | null, scope: Scope = "rule") {
  const clock = new FakeClock();
  const limiter = new Limiter(clock, scope, new LocalMeter());
  limiter.set(limits);
  return { clock, limiter };
}

Deno.test("Limiter lets everything pass without caps, and has nothing to tell", () => {
  const { limiter } = create(null);
  assert.equal(limiter.admit("flow"), null);
  assert.equal(limiter.acquire("in", 1e12), 0);
  assert.equal(limiter.counters(), null);
});

Deno.test("Limiter names what rejected: scope, kind, rate or number", () => {
  const cases = [
    ["rule", "connection", "conn_rate", "conn_concurrent"],
    ["rule", "flow", "udp_flow_rate", "conn_concurrent"],
    ["owner", "connection", "owner_conn_rate", "owner_concurrent"],
    ["owner", "flow", "owner_udp_flow_rate", "owner_concurrent"],
  ] as const;
  for (const [scope, what, rate, number] of cases) {
    const byRate = create({ newConnectionsPerSec: 1 }, scope);
    assert.equal(byRate.limiter.admit(what), null);
    assert.equal(byRate.limiter.admit(what), rate);
    byRate.clock.advance(1_000);
    assert.equal(byRate.limiter.admit(what), null);

    const { limiter } = create({ concurrentConnections: 2 }, scope);
    for (const expected of [null, null, number, number]) {
      assert.equal(limiter.admit(what), expected);
    }
    limiter.release();
    assert.equal(limiter.admit(what), null);
    const { rejects, activeConnections } = limiter.counters() ?? assert.fail();
    assert.deepEqual([rejects[number], activeConnections], [2n, 2]);
  }
});

Deno.test("Limiter does not give a token back to one that there was no room for", () => {
  const { limiter } = create({ newConnectionsPerSec: 2, concurrentConnections: 1 });
  const reasons = [1, 2, 3].map(() => limiter.admit("connection"));
  assert.deepEqual(reasons, [null, "conn_concurrent", "conn_rate"]);
});

Deno.test("Limiter knows who was there before its cap", () => {
  const { limiter } = create(null);
  for (let i = 0; i < 3; i++) assert.equal(limiter.admit("flow"), null);
  limiter.set({ concurrentConnections: 2 });
  assert.equal(limiter.admit("flow"), "conn_concurrent");
  limiter.release();
  assert.equal(limiter.admit("flow"), "conn_concurrent");
  limiter.release();
  assert.equal(limiter.admit("flow"), null);
});

Deno.test("Limiter caps each direction by itself and keeps tokens over a change", () => {
  const { limiter } = create({
    bandwidthInBps: 1_000n,
    bandwidthOutBps: 10n,
    bandwidthInBurst: 500n,
  });
  assert.equal(limiter.acquire("in", 500), 0);
  assert.ok(limiter.acquire("in", 1) > 0);
  assert.equal(limiter.acquire("out", 10), 0);
  limiter.set({ bandwidthInBps: 1_000_000n });
  assert.equal(limiter.acquire("in", 100), 100, "no tokens were minted");
  assert.equal(limiter.acquire("out", 1_000_000), 0, "this direction has no cap any more");
  limiter.set(null);
  assert.equal(limiter.acquire("in", 1_000_000), 0);
});

Deno.test("Limiter counts time that was waited", () => {
  const { limiter } = create({ bandwidthInBps: 1n });
  limiter.throttled("in", 5);
  limiter.throttled("out", 7);
  const { throttleMicrosIn, throttleMicrosOut } = limiter.counters() ?? assert.fail();
  assert.deepEqual([throttleMicrosIn, throttleMicrosOut], [5n, 7n]);
});
