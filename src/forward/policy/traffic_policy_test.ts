import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import type { RateLimit } from "../../core/rate_limit.ts";
import { Limiter } from "./limiter.ts";
import { Owner } from "./owners.ts";
import { TrafficPolicy } from "./traffic_policy.ts";
import { LocalMeter } from "./meter.ts";

/** The policy of a rule with caps `ofRule`, whose owner has caps `ofOwner`. */
function create(
  { ofRule = null, ofOwner = null }: {
    readonly ofRule?: RateLimit | null;
    readonly ofOwner?: RateLimit | null;
  } = {},
) {
  const clock = new FakeClock();
  const rule = new Limiter(clock, "rule", new LocalMeter());
  const owner = new Owner(clock, new LocalMeter());
  rule.set(ofRule);
  owner.limiter.set(ofOwner);
  const active = () =>
    [owner.limiter, rule].map((limiter) => limiter.counters()?.activeConnections ?? 0);
  return { clock, rule, owner, active, policy: new TrafficPolicy(rule, owner, "connection") };
}

/** The hold of one that has to be let in. */
function admitted(policy: TrafficPolicy): Disposable {
  const admission = policy.admit();
  return admission.ok ? admission.hold : assert.fail(admission.reason);
}

Deno.test("admit() gives a hold of its own to each, which counts once however often it is let go", () => {
  const caps = { concurrentConnections: 2 };
  const { policy, active } = create({ ofRule: caps, ofOwner: caps });
  const first = admitted(policy);
  const second = admitted(policy);
  assert.notEqual(first, second);

  first[Symbol.dispose]();
  first[Symbol.dispose]();

  assert.deepEqual(active(), [1, 1]);
  admitted(policy);
  assert.equal(policy.admit().ok, false, "there was room for one");
  second[Symbol.dispose]();
  assert.deepEqual(active(), [1, 1]);
});

Deno.test("admit() asks the owner first, and gives her place back when the rule refuses", () => {
  const { policy, owner, active } = create({
    ofRule: { concurrentConnections: 1 },
    ofOwner: { concurrentConnections: 5, newConnectionsPerSec: 2 },
  });
  admitted(policy);
  assert.deepEqual(policy.admit(), { ok: false, scope: "rule", reason: "conn_concurrent" });
  assert.deepEqual(active(), [1, 1]);
  assert.deepEqual(policy.admit(), { ok: false, scope: "owner", reason: "owner_conn_rate" });
  assert.equal(owner.limiter.counters()?.rejects.owner_conn_rate, 1n, "her token stayed spent");
});

Deno.test("allow() drops what either cap refuses; what the owner's gave stays spent", () => {
  const { policy, owner } = create({
    ofRule: { bandwidthInBps: 10n },
    ofOwner: { bandwidthInBps: 100n },
  });
  assert.equal(policy.allow("in", 10), true);
  assert.equal(policy.allow("in", 10), false);
  assert.equal(owner.limiter.acquire("in", 81) > 0, true, "100 less two times 10");
  assert.equal(owner.limiter.acquire("in", 80), 0);
  assert.equal(policy.allow("out", 1e9), true, "the other direction has no cap");
});

Deno.test("chunkBytes() is a tenth of a second of the tighter rate, within bounds and bursts", () => {
  const cases: [RateLimit | null, RateLimit | null, number][] = [
    [{ bandwidthInBps: 100_000n }, null, 10_000],
    [{ bandwidthInBps: 100_000n }, { bandwidthInBps: 90_000n }, 9_000],
    [{ bandwidthInBps: 1_000_000_000n }, null, 65_536],
    [{ bandwidthInBps: 20_000n }, null, 8_192],
    [{ bandwidthInBps: 1_000n }, null, 1_000],
    [{ bandwidthInBps: 100_000n, bandwidthInBurst: 1_000n }, null, 1_000],
    [{ bandwidthInBps: 100_000n }, { bandwidthInBps: 100_000n, bandwidthInBurst: 2_000n }, 2_000],
  ];
  for (const [ofRule, ofOwner, expected] of cases) {
    const { policy } = create({ ofRule, ofOwner });
    assert.equal(policy.isThrottled("in"), true);
    assert.equal(policy.isThrottled("out"), false);
    assert.equal(policy.chunkBytes("in"), expected);
  }
});

Deno.test("a rule without an owner has its own caps, and no quota", () => {
  const rule = new Limiter(new FakeClock(), "rule", new LocalMeter());
  rule.set({ concurrentConnections: 1 });
  const policy = new TrafficPolicy(rule, null, "flow");
  const hold = admitted(policy);
  assert.equal(policy.admit().ok, false);
  hold[Symbol.dispose]();
  admitted(policy);
  assert.deepEqual([policy.isExhausted, policy.spend(1e12), policy.onExhausted(() => {})], [
    false,
    true,
    null,
  ]);
});
