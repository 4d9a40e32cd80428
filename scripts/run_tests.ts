/**
 * `deno task test [paths and options of deno test]`: builds what is tested, then tests it.
 *
 * With `CI=true` a test that does not run counts as failed.
 *
 * @module
 */

import { buildBinaries } from "./build/binaries.ts";
import { writeLine } from "./build/console.ts";
import { bringFiles } from "./build/debian.ts";
import { bundleUi } from "./build/ui.ts";
import { CHINESE_FONT, CHROMIUM, UI_BUILT_VARIABLE } from "./testing/browser.ts";
import { DatabaseLab, DATABASES_VARIABLE, startAll } from "./testing/databases.ts";
import { PEBBLE } from "./testing/pebble.ts";
import { planTests } from "./testing/plan.ts";
import { addReports, type TestReport } from "./testing/report.ts";
import { runTests } from "./testing/run.ts";

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

/** Without it the tests that need it say that they were skipped. */
async function bringBrowser(): Promise<void> {
  try {
    await bringFiles([
      { file: CHROMIUM, package: "chromium" },
      { file: CHINESE_FONT, package: "fonts-wqy-microhei" },
    ]);
  } catch (error) {
    writeLine(`no browser: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Brought before the tests, because those that need it start beside each other. */
async function bringAcmeServer(): Promise<void> {
  try {
    await bringFiles([{ file: PEBBLE, package: "pebble" }]);
  } catch (error) {
    writeLine(`no pebble: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Below what the tests themselves take; see `tests/kit/ports.ts`. */
const DATABASE_PORT = 10_200;

/**
 * Starts the servers that several tests share; returns the environment that tells of them. Without
 * them the tests that need them fail.
 */
async function startDatabases(stack: AsyncDisposableStack): Promise<Record<string, string>> {
  try {
    const urls = await startAll(stack.use(await DatabaseLab.open()), DATABASE_PORT);
    return { [DATABASES_VARIABLE]: JSON.stringify(urls) };
  } catch (error) {
    writeLine(`no databases: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
}

async function main(args: readonly string[]): Promise<number> {
  const plan = planTests(args);
  const reports: TestReport[] = [];
  if (plan.browser) await bringBrowser();
  if (plan.acme) await bringAcmeServer();
  await using stack = new AsyncDisposableStack();
  const env = plan.databases ? await startDatabases(stack) : {};
  if (plan.build) {
    reports.push(await phase("build", build));
    env[UI_BUILT_VARIABLE] = "1";
  }
  for (const runs of plan.phases) {
    const output = runs.length > 1 ? "together" : "as_it_comes";
    reports.push(
      ...await Promise.all(
        runs.map(({ name, args }) => phase(name, () => runTests(args, { env, output }))),
      ),
    );
  }

  const { passed, failed, ignored } = addReports(reports);
  for (const name of ignored) writeLine(`ignored: ${name}`);
  const failures = Deno.env.get("CI") === "true" ? failed + ignored.length : failed;
  writeLine(`${passed} passed, ${failures} failed`);
  return failures === 0 ? 0 : 1;
}

Deno.exit(await main(Deno.args));
