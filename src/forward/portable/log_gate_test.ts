import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { FORWARD } from "../../core/limits.ts";
import { LogGate } from "./log_gate.ts";

Deno.test("LogGate lets so many lines of an event pass in a second, and tells what it kept back", () => {
  const clock = new FakeClock();
  const gate = new LogGate(clock);
  const passed = (event: string, lines: number) =>
    Array.from({ length: lines }, () => gate.pass(event)).filter((line) => line !== null).length;
  assert.equal(passed("a", 25), FORWARD.gatedWarningsPerSecMax);
  assert.deepEqual(gate.pass("b"), { suppressed: 0 }, "events do not stand in for each other");
  clock.advance(999);
  assert.equal(gate.pass("a"), null);
  clock.advance(1);
  assert.deepEqual(gate.pass("a"), { suppressed: 26 - FORWARD.gatedWarningsPerSecMax });
  assert.deepEqual(gate.pass("a"), { suppressed: 0 });
});
