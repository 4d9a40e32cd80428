import assert from "node:assert/strict";
import { markdown } from "./table.ts";
import { verdicts } from "./targets.ts";

const result = (workload: string, peer: string, ...samples: Record<string, number>[]) => ({
  workload,
  base: "haproxy",
  peer,
  samples,
});

Deno.test("verdicts() holds medians against the aims of what ran", () => {
  const found = verdicts([
    result("8 streams in", "haproxy", { "Gbit/s": 10, "CPU s/GB": 1 }),
    result("8 streams in", "linux", { "Gbit/s": 15, "CPU s/GB": 0.5 }),
    result("9,000 idle connections", "linux", { "KiB each": 2 }, { "KiB each": 0.5 }, {
      "KiB each": 0.9,
    }),
  ]);
  assert.deepEqual(found, [
    { what: "8 streams in: Gbit/s / haproxy", aim: "≥ 1.4×", value: 1.5, isReached: true },
    { what: "8 streams in: CPU s/GB / haproxy", aim: "≤ 0.4×", value: 0.5, isReached: false },
    { what: "9,000 idle connections: KiB each", aim: "≤ 1", value: 0.9, isReached: true },
  ]);
});

Deno.test("verdicts() takes latency without a relay off, and says when that can't be done", () => {
  const p50 = (direct: number, haproxy: number, linux: number) =>
    verdicts([
      result("5,000 requests/s", "direct", { "p50 µs": direct }),
      result("5,000 requests/s", "haproxy", { "p50 µs": haproxy }),
      result("5,000 requests/s", "linux", { "p50 µs": linux }),
    ])[0];
  assert.deepEqual([p50(100, 200, 150)?.value, p50(100, 200, 150)?.isReached], [0.5, true]);
  assert.deepEqual([p50(100, 90, 150)?.value, p50(100, 90, 150)?.isReached], [null, null]);
});

Deno.test("markdown() has a line for each metric and a column for each relay", () => {
  const results = [
    result("HTTP keep-alive", "haproxy", { "per s": 100 }, { "per s": 300 }, { "per s": 200 }),
    result("HTTP keep-alive", "linux", { "per s": 400 }),
  ];
  const [head, , line] = markdown(results, verdicts(results)).split("\n");
  assert.equal(head, "| Median | haproxy | linux | linux is |");
  assert.equal(line, "| HTTP keep-alive, per s | 200 | 400 | 2.00× haproxy |");
});
