/**
 * `deno task test [paths and options of deno test]`: builds what is tested, then tests it.
 *
 * With `CI=true` a test that does not run counts as failed.
 *
 * @module
 */

import { buildBinaries } from "./build/binaries.ts";
import { writeLine } from "./build/console.ts";
import { bundleUi } from "./build/ui.ts";
import { addReports, type TestReport } from "./testing/report.ts";
import { runTests } from "./testing/run.ts";

/** Tests of whole processes, which have the machine to themselves. */
const PROCESS_TESTS = ["tests/system", "tests/binary"];

/** Options of `deno test` whose value is an argument of its own. */
const VALUE_OPTIONS = new Set(["--filter"]);

const FAILURE: TestReport = { passed: 0, failed: 1, ignored: [] };
const NOTHING: TestReport = { passed: 0, failed: 0, ignored: [] };

/** Runs one phase and prints how long it took. */
async function phase(name: string, work: () => Promise<TestReport>): Promise<TestReport> {
  const started = performance.now();
  const report = await work();
  writeLine(`${name}: ${((performance.now() - started) / 1_000).toFixed(1)} s\n`);
  return report;
}

async function build(): Promise<TestReport> {
  try {
    await bundleUi();
    await buildBinaries(Deno.build.target, writeLine);
    return NOTHING;
  } catch (error) {
    writeLine(`build failed: ${error instanceof Error ? error.message : String(error)}`);
    return FAILURE;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const isPath = (arg: string, i: number) =>
    !arg.startsWith("-") && !VALUE_OPTIONS.has(args[i - 1] ?? "");
  const paths = args.filter(isPath);
  const options = args.filter((arg, i) => !isPath(arg, i));

  const reports: TestReport[] = [];
  if (paths.length === 0 || paths.some((path) => /^(\.\/)?tests(\/binary.*|\/?)$/.test(path))) {
    reports.push(await phase("build", build));
  }
  if (paths.length > 0) {
    reports.push(await phase("tests", () => runTests([...options, ...paths])));
  } else {
    const ignore = `--ignore=${PROCESS_TESTS.join()}`;
    reports.push(
      await phase(
        "module tests",
        () => runTests([...options, "--parallel", ignore, "src/", "tests/", "scripts/"]),
      ),
      await phase("process tests", () => runTests([...options, ...PROCESS_TESTS])),
    );
  }
  const { passed, failed, ignored } = addReports(reports);
  for (const name of ignored) writeLine(`ignored: ${name}`);
  const failures = Deno.env.get("CI") === "true" ? failed + ignored.length : failed;
  writeLine(`${passed} passed, ${failures} failed`);
  return failures === 0 ? 0 : 1;
}

Deno.exit(await main(Deno.args));
