/**
 * Runs `deno test` in a process of its own.
 *
 * @module
 */

import { ROOT } from "../build/project.ts";
import { readReport, type TestReport } from "./report.ts";

/** A run that takes longer is hanging, in milliseconds. */
const RUN_TIMEOUT_MS = 30 * 60_000;

/** How a test run goes. */
export interface RunOptions {
  /** On top of our own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** `together` keeps the output until the run is over, for runs that go beside each other. */
  readonly output: "as_it_comes" | "together";
}

/** Runs `deno test` with `args`. */
export async function runTests(
  args: readonly string[],
  { env, output }: RunOptions,
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
      stderr: output === "together" ? "piped" : "inherit",
      signal: AbortSignal.timeout(RUN_TIMEOUT_MS),
    }).spawn();
    const text = output === "together" ? await printAtEnd(child) : await printAsItComes(child);
    const { success } = await child.status;
    return readReport(text, await Deno.readTextFile(junitPath), success);
  } finally {
    await Deno.remove(junitPath);
  }
}

async function printAsItComes({ stdout }: Deno.ChildProcess): Promise<string> {
  const [shown, kept] = stdout.tee();
  const [text] = await Promise.all([
    new Response(kept).text(),
    shown.pipeTo(Deno.stdout.writable, { preventClose: true }),
  ]);
  return text;
}

async function printAtEnd({ stdout, stderr }: Deno.ChildProcess): Promise<string> {
  const [text, errors] = await Promise.all([
    new Response(stdout).text(),
    new Response(stderr).text(),
  ]);
  await new Blob([text, errors]).stream().pipeTo(Deno.stdout.writable, { preventClose: true });
  return text;
}
