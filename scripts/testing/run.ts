/**
 * Runs `deno test` in a process of its own.
 *
 * @module
 */

import { ROOT } from "../build/project.ts";
import { readReport, type TestReport } from "./report.ts";

/** A run that takes longer is hanging, in milliseconds. */
const RUN_TIMEOUT_MS = 30 * 60_000;

/** Runs `deno test` with `args`; its output is shown as it comes. `env` comes on top of ours. */
export async function runTests(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<TestReport> {
  const junitPath = await Deno.makeTempFile({ prefix: "portunus-junit-" });
  try {
    const child = new Deno.Command(Deno.execPath(), {
      // Types are the business of the check task: one error there must not hide all tests here.
      args: ["test", "--allow-all", "--no-check", `--junit-path=${junitPath}`, ...args],
      cwd: ROOT,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
      signal: AbortSignal.timeout(RUN_TIMEOUT_MS),
    }).spawn();
    const [shown, kept] = child.stdout.tee();
    const [output] = await Promise.all([
      new Response(kept).text(),
      shown.pipeTo(Deno.stdout.writable, { preventClose: true }),
    ]);
    const { success } = await child.status;
    return readReport(output, await Deno.readTextFile(junitPath), success);
  } finally {
    await Deno.remove(junitPath);
  }
}
