import assert from "node:assert/strict";
import fc from "fast-check";
import { FLOW, FLOWS_MAX, FlowTable, KEY } from "./udp_flow_table.ts";

/** A key that `n` alone makes, whatever the hash does with it. */
const keyOf = (n: number) => Int32Array.from({ length: KEY.words }, (_, i) => i === 2 ? n : i);

Deno.test("FlowTable finds what was added and not hidden, in any order of operations", () => {
  const operation = fc.record({
    kind: fc.constantFrom("add", "hide", "free"),
    n: fc.integer({ min: 0, max: 12 }),
  });
  fc.assert(
    fc.property(fc.integer(), fc.array(operation, { maxLength: 200 }), (seed, operations) => {
      const table = new FlowTable(seed);
      const found = new Map<number, number>();
      const hidden = new Set<number>();
      for (const { kind, n } of operations) {
        const flow = found.get(n);
        if (kind === "add" && flow === undefined) {
          const added = table.add(keyOf(n));
          assert.ok(![...found.values(), ...hidden].includes(added), "a number of somebody else");
          found.set(n, added);
        } else if (kind === "hide" && flow !== undefined) {
          table.hide(flow);
          found.delete(n);
          hidden.add(flow);
        } else if (kind === "free") {
          for (const flow of hidden) table.free(flow);
          hidden.clear();
        }
        for (let n = 0; n <= 12; n++) assert.equal(table.find(keyOf(n)), found.get(n) ?? -1);
      }
    }),
  );
});

Deno.test("FlowTable tells keys apart by each of their words", () => {
  const table = new FlowTable(1);
  const flow = table.add(keyOf(7));
  for (let i = 0; i < KEY.words; i++) {
    const other = keyOf(7);
    other[i] = 99;
    assert.equal(table.find(other), -1);
  }
  assert.equal(table.find(keyOf(7)), flow);
});

Deno.test("FlowTable is full at its bound, and has room again for what is freed", () => {
  const table = new FlowTable(1);
  for (let n = 0; n < FLOWS_MAX; n++) assert.equal(table.add(keyOf(n)), n);
  assert.equal(table.add(keyOf(-1)), -1);
  const before = table.generation[5];
  table.hide(5);
  assert.equal(table.state[5], FLOW.gone);
  assert.equal(table.add(keyOf(-1)), -1, "a number is taken until it is freed");
  table.free(5);
  assert.equal(table.add(keyOf(-1)), 5);
  assert.notEqual(table.generation[5], before);
});
