import assert from "node:assert/strict";
import fc from "fast-check";
import { findConflict } from "../core/conflict.ts";
import { type FleetRule, parseFleet } from "./fleet.ts";
import { placeOf, planFleet, type RunningRule, type Step } from "./plan.ts";

/** Rules of `edge`, each a line: `port[-end] target-port [sni]`, with `!` for caps. */
function rules(...lines: string[]): readonly FleetRule[] {
  const text = lines.map((line, i) => {
    const [listen = "", target = "", sni] = line.replace("!", "").split(" ");
    return `[[rule]]\nname = "r${i}"\nclient = "edge"\nlisten_ports = "${listen}"\n` +
      `target = "10.0.0.5:${target}"\n` +
      (sni === undefined ? "" : `sni_pattern = "${sni}"\n`) +
      (line.includes("!") ? "rate_limit = { concurrent_connections = 5 }\n" : "");
  });
  return lines.length === 0 ? [] : parseFleet(text.join("")).rules;
}

const running = (...lines: string[]): RunningRule[] =>
  rules(...lines).map(({ clientName, draft }, i) => ({
    id: BigInt(i),
    clientName,
    draft,
    ownerId: "alice",
    failure: null,
  }));

/** The steps in short. */
const steps = (all: readonly Step[]) =>
  all.map((step) => `${step.kind} ${placeOf(step.kind === "remove" ? step.running : step.wanted)}`);

function plan(wanted: readonly FleetRule[], present: readonly RunningRule[], prune = false) {
  const result = planFleet(wanted, present, { prune });
  return {
    steps: steps(result.steps),
    unchanged: result.unchanged,
    obstacles: result.obstacles.map(({ message }) => message),
  };
}

Deno.test("planFleet() does nothing where all is as it should be", () => {
  const lines = ["80 8080", "443 8443 a.test", "443 8444", "1000-1004 2000-2004", "81 1!"];
  assert.deepEqual(plan(rules(...lines), running(...lines), true), {
    steps: [],
    unchanged: 5,
    obstacles: [],
  });
});

Deno.test("planFleet() changes caps first, then creates, then replaces, then removes", () => {
  const present = running("80 8080", "81 8081", "82 8082", "90 1");
  assert.deepEqual(plan(rules("82 9", "81 8081!", "83 8083", "80 8080"), present, true), {
    steps: [
      "limits edge tcp 81",
      "create edge tcp 83",
      "replace edge tcp 82",
      "remove edge tcp 90",
    ],
    unchanged: 1,
    obstacles: [],
  });
});

Deno.test("planFleet() leaves what the file does not name, unless it is told to prune", () => {
  const present = [...running("80 8080"), {
    ...running("80 1")[0] as RunningRule,
    clientName: "other",
  }];
  assert.deepEqual(plan(rules("81 8081"), present).steps, ["create edge tcp 81"]);
  assert.deepEqual(plan(rules("81 8081"), present, true).steps, [
    "create edge tcp 81",
    "remove edge tcp 80",
  ]);
});

Deno.test("planFleet() removes what is in the way right before, or says that it is", () => {
  const present = running("80-89 80-89");
  assert.deepEqual(plan(rules("70 1", "80-99 80-99"), present, true).steps, [
    "create edge tcp 70",
    "remove edge tcp 80-89",
    "create edge tcp 80-99",
  ]);
  assert.deepEqual(plan(rules("80-99 80-99"), present).obstacles, [
    "rule 0 (edge tcp 80-89) is in the way of edge tcp 80-99, and the file does not have it: " +
    "remove it, or use --prune",
  ]);
  assert.deepEqual(plan(rules("80-89 80-89", "85 1"), []).obstacles, [
    '"r0" (edge tcp 80-89) is in the way of edge tcp 85',
  ]);
  assert.deepEqual(plan(rules("80 1", "80 2"), []).obstacles, [
    '"r0" listens there already (edge tcp 80)',
    '"r0" (edge tcp 80) is in the way of edge tcp 80',
  ]);
});

Deno.test("planFleet() brings names before the fallback of their port, and moves it if need be", () => {
  assert.deepEqual(plan(rules("443 1", "443 2 a.test"), []).steps, [
    "create edge tcp 443 a.test",
    "create edge tcp 443",
  ]);
  assert.deepEqual(plan(rules("443 1", "443 2 a.test"), running("443 1")).steps, [
    "remove edge tcp 443",
    "create edge tcp 443 a.test",
    "create edge tcp 443",
  ]);
});

Deno.test("planFleet() tries again what failed", () => {
  const [failed] = running("80 1") as [RunningRule];
  assert.deepEqual(plan(rules("80 1"), [{ ...failed, failure: "port_in_use" }]).steps, [
    "replace edge tcp 80",
  ]);
});

const line = fc.tuple(
  fc.integer({ min: 1, max: 8 }),
  fc.integer({ min: 0, max: 2 }),
  fc.constantFrom("", " a.test", " *.b.test"),
  fc.constantFrom("", "!"),
).map(([port, length, sni, caps]) =>
  length === 0 ? `${port} 1${sni}${caps}` : `${port}-${port + length} ${port}-${port + length}`
);

/** A server's view after each step; it refuses what it would refuse. */
function carryOut(all: readonly Step[], present: readonly RunningRule[]): string[] {
  let rows = present.map(({ clientName, draft }) => ({ clientName, draft }));
  for (const step of all) {
    if (step.kind !== "create") {
      const place = placeOf(step.running);
      assert.ok(rows.some((row) => placeOf(row) === place), `${step.kind} of what is not there`);
      rows = rows.filter((row) => placeOf(row) !== place);
    }
    if (step.kind === "remove") continue;
    const siblings = rows.map(({ draft }) => ({ ...draft, state: { kind: "active" } as const }));
    const candidate = { ...step.wanted.draft, clientName: "edge" };
    if (step.kind !== "limits") assert.equal(findConflict(candidate, siblings), null);
    rows.push({ clientName: "edge", draft: step.wanted.draft });
  }
  return rows.map(placeOf).sort();
}

Deno.test("planFleet() gets from any fleet to any other without a refusal on the way", () => {
  fc.assert(
    fc.property(fc.uniqueArray(line), fc.uniqueArray(line), (before, after) => {
      const start = planFleet(rules(...before), [], { prune: true });
      fc.pre(start.obstacles.length === 0);
      const present = start.steps.flatMap((step, i) =>
        step.kind !== "create" ? [] : [{
          id: BigInt(i),
          clientName: "edge",
          ownerId: null,
          failure: null,
          draft: step.wanted.draft,
        }]
      );
      const wanted = rules(...after);
      fc.pre(planFleet(wanted, [], { prune: true }).obstacles.length === 0);
      fc.pre(wanted.length > 0);
      const { steps, obstacles } = planFleet(wanted, present, { prune: true });
      assert.deepEqual(obstacles, []);
      assert.deepEqual(carryOut(steps, present), wanted.map(placeOf).sort());
    }),
    { numRuns: 300 },
  );
});
