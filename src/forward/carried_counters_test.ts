import assert from "node:assert/strict";
import {
  CarriedCounters,
  changedSince,
  decodeCounters,
  encodeCounters,
} from "./carried_counters.ts";
import {
  type ForwarderCounters,
  noErrors,
  noRuleCounters,
  type RateLimitCounters,
  type RuleCounters,
} from "./counters.ts";

const limits = (activeConnections: number, rejects: bigint): RateLimitCounters => ({
  rejects: {
    conn_concurrent: rejects,
    conn_rate: 0n,
    udp_flow_rate: 0n,
    owner_concurrent: 0n,
    owner_conn_rate: 0n,
    owner_udp_flow_rate: 0n,
  },
  throttleMicrosIn: 1n,
  throttleMicrosOut: 2n,
  activeConnections,
});

const rule = (ruleId: bigint, part: Partial<RuleCounters> = {}): RuleCounters => ({
  ...noRuleCounters(ruleId),
  ...part,
});

const counters = (...rules: RuleCounters[]): ForwarderCounters => ({
  rules,
  sniListeners: [],
  owners: [],
});

Deno.test("encodeCounters() and decodeCounters() keep integers of any size", () => {
  const all = counters(rule(2n ** 60n, { bytesIn: 2n ** 63n, rateLimit: limits(1, 7n) }));
  assert.deepEqual(decodeCounters(encodeCounters(all)), all);
  assert.throws(() => decodeCounters("{}"), SyntaxError);
});

Deno.test("CarriedCounters.addTo() adds what the other process counted for rules that are here", () => {
  const carried = new CarriedCounters();
  const own = counters(
    rule(1n, { bytesIn: 1n, activeConnections: 1, errors: { ...noErrors(), wouldblock: 1n } }),
    rule(2n, { bytesOut: 5n }),
  );
  assert.deepEqual(carried.addTo(own), own);
  carried.update(counters(
    rule(1n, { bytesIn: 10n, activeConnections: 2, rateLimit: limits(2, 3n) }),
    rule(3n, { bytesIn: 99n }),
  ));
  const { rules } = carried.addTo(own);
  assert.deepEqual(rules.map(({ ruleId, bytesIn, bytesOut }) => [ruleId, bytesIn, bytesOut]), [
    [1n, 11n, 0n],
    [2n, 0n, 5n],
  ]);
  assert.equal(rules[0]?.activeConnections, 3);
  assert.equal(rules[0]?.errors.wouldblock, 1n);
  assert.equal(rules[0]?.rateLimit?.rejects.conn_concurrent, 3n);
});

Deno.test("CarriedCounters.addTo() adds by port and by target", () => {
  const port = (listenPort: number, bytesIn: bigint) => ({
    listenPort,
    bytesIn,
    bytesOut: 0n,
    activeConnections: 1,
    datagramsIn: 0n,
    datagramsOut: 0n,
  });
  const target = (index: number, host: string, bytesIn: bigint) => ({
    index,
    host,
    port: 80,
    priority: 0,
    health: "healthy" as const,
    consecutiveFailures: 0,
    lastFailureAtMs: null,
    lastSuccessAtMs: null,
    bytesIn,
    bytesOut: 0n,
    connectionsAccepted: 1n,
  });
  const carried = new CarriedCounters();
  carried.update(counters(rule(1n, {
    perPort: [port(1, 10n), port(2, 20n)],
    perTarget: [target(0, "a", 10n), { ...target(1, "b", 20n), health: "failed" }],
  })));
  const [sum] = carried.addTo(counters(rule(1n, {
    perPort: [port(1, 1n), port(2, 2n)],
    perTarget: [target(0, "a", 1n), target(1, "b", 2n)],
  }))).rules;
  assert.deepEqual(sum?.perPort.map(({ bytesIn }) => bytesIn), [11n, 22n]);
  assert.deepEqual(
    sum?.perTarget.map(({ bytesIn, health }) => [bytesIn, health]),
    [[11n, "healthy"], [22n, "healthy"]],
  );
});

Deno.test("CarriedCounters: a rule that ended here begins at 0 again", () => {
  const carried = new CarriedCounters();
  carried.update(counters(rule(1n, { bytesIn: 10n })));
  carried.forget(1n);
  // The other process still counts what drains there.
  carried.update(counters(rule(1n, { bytesIn: 12n })));
  assert.equal(carried.addTo(counters(rule(1n, { bytesIn: 1n }))).rules[0]?.bytesIn, 1n);
});

Deno.test("CarriedCounters.end() keeps what was counted, and nothing that is open", () => {
  const carried = new CarriedCounters();
  const owners = [{ ownerId: "ann", rateLimit: limits(4, 1n) }];
  carried.update({
    ...counters(rule(1n, { bytesIn: 10n, activeConnections: 3, activeFlows: 2 })),
    owners,
  });
  carried.end();
  const sum = carried.addTo(counters(rule(1n, { activeConnections: 1 })));
  const [first] = sum.rules;
  assert.deepEqual([first?.bytesIn, first?.activeConnections, first?.activeFlows], [10n, 1, 0]);
  assert.deepEqual(sum.owners.map(({ rateLimit }) => rateLimit.activeConnections), [0]);
});

Deno.test("changedSince() leaves out rules that nothing happened to, and update() keeps those", () => {
  const before = counters(rule(1n, { bytesIn: 1n }), rule(2n, { bytesIn: 2n }));
  const after = counters(rule(1n, { bytesIn: 1n }), rule(2n, { bytesIn: 3n }));
  const changed = changedSince(before, after);
  assert.deepEqual(changed.rules.map(({ ruleId }) => ruleId), [2n]);
  const carried = new CarriedCounters();
  carried.update(before);
  carried.update(changed);
  const sum = carried.addTo(counters(rule(1n), rule(2n)));
  assert.deepEqual(sum.rules.map(({ bytesIn }) => bytesIn), [1n, 3n]);
});
