import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkRateLimit,
  hasCaps,
  RATE_LIMIT_FIELDS,
  rateLimitFromJson,
  rateLimitToJson,
} from "./rate_limit.ts";
import type { RateLimit } from "./rate_limit.ts";

const U64_MAX = 2n ** 64n - 1n;
const U32_MAX = 2 ** 32 - 1;

Deno.test("RATE_LIMIT_FIELDS are in the documented order", () => {
  assert.deepEqual(RATE_LIMIT_FIELDS.map(({ name }) => name), [
    "bandwidth_in_bps",
    "bandwidth_out_bps",
    "new_connections_per_sec",
    "concurrent_connections",
    "bandwidth_in_burst",
    "bandwidth_out_burst",
    "new_connections_burst",
  ]);
});

Deno.test("checkRateLimit() accepts caps above zero and bursts within the rate's bounds", () => {
  const valid: RateLimit[] = [
    {},
    { bandwidthInBps: 1n, bandwidthInBurst: 1n },
    { bandwidthInBps: 1n, bandwidthInBurst: 60n },
    { bandwidthOutBps: 199n, bandwidthOutBurst: 1n },
    { bandwidthOutBps: 200n, bandwidthOutBurst: 2n },
    { bandwidthOutBps: U64_MAX, bandwidthOutBurst: U64_MAX },
    { newConnectionsPerSec: 10, newConnectionsBurst: 600 },
    { newConnectionsPerSec: U32_MAX, newConnectionsBurst: U32_MAX, concurrentConnections: 1 },
  ];
  for (const limit of valid) checkRateLimit(limit);
});

Deno.test("checkRateLimit() throws the first problem, rates before bursts", () => {
  const zero = (field: string) =>
    `validation.rate_limit_cap_zero: ${field} must be > 0; use null to leave uncapped`;
  const alone = (field: string) =>
    `validation.rate_limit_burst_without_rate: ${field} burst override has no companion rate ` +
    "cap set";
  const range = (field: string, burst: bigint, [least, most, rate]: [bigint, bigint, bigint]) =>
    `validation.rate_limit_burst_range: ${field} burst ${burst} outside permitted ` +
    `[rate/100, rate*60] = [${least}, ${most}] for rate ${rate}`;
  const cases: [limit: RateLimit, message: string][] = [
    [{ bandwidthInBps: 0n, bandwidthOutBps: 0n }, zero("bandwidth_in_bps")],
    [{ bandwidthOutBps: 0n }, zero("bandwidth_out_bps")],
    [{ newConnectionsPerSec: 0, concurrentConnections: 0 }, zero("new_connections_per_sec")],
    [{ concurrentConnections: 0, bandwidthInBurst: 1n }, zero("concurrent_connections")],
    [{ bandwidthInBurst: 1n }, alone("bandwidth_in_burst")],
    [{ bandwidthOutBurst: 1n, bandwidthInBps: 1n }, alone("bandwidth_out_burst")],
    [{ newConnectionsBurst: 1, concurrentConnections: 5 }, alone("new_connections_burst")],
    [{ bandwidthInBps: 1n, bandwidthInBurst: 0n }, range("bandwidth_in_burst", 0n, [1n, 60n, 1n])],
    [
      { bandwidthInBps: 1n, bandwidthInBurst: 61n, bandwidthOutBurst: 1n },
      range("bandwidth_in_burst", 61n, [1n, 60n, 1n]),
    ],
    [
      { bandwidthOutBps: 1_000n, bandwidthOutBurst: 9n },
      range("bandwidth_out_burst", 9n, [10n, 60_000n, 1_000n]),
    ],
    [
      { bandwidthOutBps: 2n ** 60n, bandwidthOutBurst: 1n },
      range("bandwidth_out_burst", 1n, [2n ** 60n / 100n, 2n ** 60n * 60n, 2n ** 60n]),
    ],
    [
      { newConnectionsPerSec: 10, newConnectionsBurst: 601 },
      range("new_connections_burst", 601n, [1n, 600n, 10n]),
    ],
  ];
  for (const [limit, message] of cases) {
    assert.throws(() => checkRateLimit(limit), { name: "PortunusError", message });
  }
});

Deno.test("rateLimitFromJson() takes null for absent and gives each member its type", () => {
  assert.deepEqual(rateLimitFromJson({}), {});
  assert.deepEqual(
    rateLimitFromJson({
      bandwidth_in_bps: 5,
      bandwidth_out_bps: U64_MAX,
      new_connections_per_sec: 7n,
      concurrent_connections: null,
    }),
    { bandwidthInBps: 5n, bandwidthOutBps: U64_MAX, newConnectionsPerSec: 7 },
  );
});

Deno.test("rateLimitToJson() writes what rateLimitFromJson() reads, in order", () => {
  const u64 = fc.bigInt({ min: 0n, max: U64_MAX });
  const u32 = fc.integer({ min: 0, max: U32_MAX });
  const limits = fc.record({
    newConnectionsBurst: u32,
    bandwidthOutBurst: u64,
    bandwidthInBurst: u64,
    concurrentConnections: u32,
    newConnectionsPerSec: u32,
    bandwidthOutBps: u64,
    bandwidthInBps: u64,
  }, { requiredKeys: [] });
  const order: string[] = RATE_LIMIT_FIELDS.map(({ name }) => name);
  fc.assert(fc.property(limits, (limit) => {
    const json = rateLimitToJson(limit);
    assert.deepEqual({ ...rateLimitFromJson(json) }, { ...limit });
    const keys = Object.keys(json);
    assert.deepEqual(keys, order.filter((name) => keys.includes(name)));
    assert.equal(hasCaps(limit), keys.length > 0);
  }));
});

Deno.test("hasCaps() is false when there is nothing to cap", () => {
  assert.equal(hasCaps(null), false);
  assert.equal(hasCaps({}), false);
  assert.equal(hasCaps({ newConnectionsBurst: 0 }), true);
});
