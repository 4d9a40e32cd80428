import assert from "node:assert/strict";
import { planTests } from "./plan.ts";

Deno.test("planTests() runs everything once, part of it in parallel", () => {
  const { build, runs } = planTests([]);
  assert.equal(build, true);
  const [parallel, serial] = runs.map(({ args }) => args);
  assert.ok(parallel && serial);
  assert.ok(parallel.includes("--parallel"));
  assert.ok(!serial.includes("--parallel"));
  assert.ok(
    parallel.includes(`--ignore=${serial.join()}`),
    "what is serial is left out of the other",
  );
});

Deno.test("planTests() keeps options apart from paths, and gives them to every run", () => {
  for (const { args } of planTests(["--filter", "some name", "--fail-fast"]).runs) {
    assert.deepEqual(args.slice(0, 3), ["--filter", "some name", "--fail-fast"]);
    assert.ok(args.length > 3, "everything is still tested");
  }
  assert.deepEqual(planTests(["src/core", "--filter", "x", "tests/wire/a_test.ts"]).runs, [
    { name: "tests", args: ["--filter", "x", "src/core", "tests/wire/a_test.ts"] },
  ]);
});

Deno.test("planTests() builds only when binaries are tested", () => {
  for (const path of ["tests", "./tests/", "tests/binary", "tests/binary/binaries_test.ts"]) {
    assert.equal(planTests([path]).build, true, path);
  }
  for (const path of ["src/", "tests/wire", "tests/system/binary_test.ts", "scripts/"]) {
    assert.equal(planTests([path]).build, false, path);
  }
});
