import assert from "node:assert/strict";
import { dirname } from "node:path";
import { planTests } from "./plan.ts";

/** Files of a tree whose tests `deno test` runs with `args`. */
async function testedFiles(directory: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--no-lock", "--junit-path=-", "--reporter=dot", ...args],
    cwd: directory,
  }).output();
  const suites = new TextDecoder().decode(stdout).matchAll(/<testsuite name="\.\/([^"]*)"/g);
  return Array.from(suites, ([, file]) => file ?? "");
}

Deno.test("planTests() runs every file once, and what needs it one after the other", async () => {
  const serial = [
    "tests/forward/a_test.ts",
    "tests/system/b_test.ts",
    "tests/databases/h_test.ts",
    "tests/binary/c_test.ts",
    "tests/browser/g_test.ts",
  ];
  const parallel = ["src/core/d_test.ts", "tests/wire/e_test.ts", "scripts/f_test.ts"];
  const directory = await Deno.makeTempDir({ prefix: "portunus-plan-" });
  try {
    for (const file of [...serial, ...parallel]) {
      await Deno.mkdir(dirname(`${directory}/${file}`), { recursive: true });
      await Deno.writeTextFile(`${directory}/${file}`, `Deno.test("it", () => {});`);
    }
    const { build, phases } = planTests([]);
    assert.equal(build, true);
    assert.equal(phases.length, 2);
    for (const [phase, expected] of [[phases[0], parallel], [phases[1], serial]] as const) {
      const files = await Promise.all(
        (phase ?? []).map(({ args }) => testedFiles(directory, args)),
      );
      assert.deepEqual(files.flat().sort(), expected.toSorted());
    }
    for (const { args } of phases[1] ?? []) assert.ok(!args.includes("--parallel"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("planTests() keeps options apart from paths, and gives them to every run", () => {
  const { phases } = planTests(["--filter", "some name", "--fail-fast"]);
  assert.equal(phases.length, 2, "everything is still tested");
  for (const { args } of phases.flat()) {
    assert.deepEqual(args.slice(0, 3), ["--filter", "some name", "--fail-fast"]);
  }
  assert.deepEqual(planTests(["src/core", "--filter", "x", "tests/wire/a_test.ts"]).phases, [
    [{ name: "tests", args: ["--filter", "x", "src/core", "tests/wire/a_test.ts"] }],
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
