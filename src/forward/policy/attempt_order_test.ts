import assert from "node:assert/strict";
import { attemptOrder, byPriority } from "./attempt_order.ts";
import type { Health } from "./target_health.ts";

const target = (name: string, health: Health) => ({ name, health });
const names = (targets: readonly { readonly name: string }[]) => targets.map(({ name }) => name);

Deno.test("byPriority() puts lower numbers first and keeps ties in list order", () => {
  const targets = [["a", 5], ["b", 0], ["c", 5], ["d", 1]] as const;
  const sorted = byPriority(targets.map(([name, priority]) => ({ name, priority })));
  assert.deepEqual(names(sorted), ["b", "d", "a", "c"]);
});

Deno.test("attemptOrder() leads with the first healthy target, and has every target once", () => {
  const cases: [healths: Health[], order: string[]][] = [
    [["healthy", "healthy", "healthy"], ["0", "1", "2"]],
    [["failed", "healthy", "healthy"], ["1", "0", "2"]],
    [["failed", "failed", "healthy"], ["2", "0", "1"]],
    [["healthy", "failed", "healthy"], ["0", "1", "2"]],
    [["failed", "failed", "failed"], ["0", "1", "2"]],
    [[], []],
  ];
  for (const [healths, order] of cases) {
    const targets = healths.map((health, i) => target(`${i}`, health));
    assert.deepEqual(names(attemptOrder(targets)), order);
  }
});
