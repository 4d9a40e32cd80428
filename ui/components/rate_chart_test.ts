import assert from "node:assert/strict";
import { ratesOf } from "./rate_chart.tsx";

const report = (second: number, bytes_in: number, bytes_out: number) => ({
  updated_at: new Date(second * 1_000).toISOString(),
  bytes_in,
  bytes_out,
});

Deno.test("ratesOf() divides by the time between reports, and survives a reset", () => {
  const rates = ratesOf([report(0, 0, 100), report(5, 500, 100), report(10, 10, 200)]);
  assert.deepEqual(rates, [
    { atMs: 5_000, in: 100, out: 0 },
    { atMs: 10_000, in: 0, out: 20 },
  ]);
  assert.deepEqual(ratesOf([report(0, 1, 1)]), []);
});
