import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { TargetHealth } from "./target_health.ts";

/** A target, and the changes it told of. */
function create(): { health: TargetHealth; clock: FakeClock; changes: string[] } {
  const clock = new FakeClock(1_000_000);
  const changes: string[] = [];
  const health = new TargetHealth(clock, (to, failures) => changes.push(`${to} ${failures}`));
  return { health, clock, changes };
}

function fail(health: TargetHealth, times: number): void {
  for (let i = 0; i < times; i++) health.failed();
}

Deno.test("TargetHealth fails with the third failure of a window, and counts on", () => {
  const { health, clock, changes } = create();
  assert.deepEqual([health.lastFailureAtMs, health.lastSuccessAtMs], [null, null]);
  fail(health, 2);
  assert.equal(health.state, "healthy");
  clock.advance(30_000);
  fail(health, 1);
  assert.deepEqual([health.state, health.consecutiveFailures], ["failed", 3]);
  assert.equal(health.lastFailureAtMs, 1_030_000);
  fail(health, 2);
  assert.equal(health.consecutiveFailures, 5);
  assert.deepEqual(changes, ["failed 3"]);
});

Deno.test("TargetHealth counts anew 30 s after the first failure of a window", () => {
  const { health, clock } = create();
  fail(health, 1);
  clock.advance(20_000);
  fail(health, 1);
  clock.advance(10_001);
  fail(health, 1);
  assert.deepEqual([health.state, health.consecutiveFailures], ["healthy", 1]);
});

Deno.test("TargetHealth forgets failures with a success while it is healthy", () => {
  const { health, changes } = create();
  fail(health, 2);
  health.succeeded();
  assert.equal(health.consecutiveFailures, 0);
  assert.equal(health.lastSuccessAtMs, 1_000_000);
  fail(health, 2);
  assert.deepEqual(changes, []);
});

Deno.test("TargetHealth recovers with two successes in a row", () => {
  const { health, changes } = create();
  fail(health, 3);
  health.succeeded();
  fail(health, 1);
  health.succeeded();
  assert.equal(health.state, "failed");
  health.succeeded();
  assert.deepEqual([health.state, health.consecutiveFailures], ["healthy", 0]);
  assert.deepEqual(changes, ["failed 3", "healthy 4"]);
  fail(health, 2);
  assert.equal(health.state, "healthy", "a new window");
});
