/**
 * Reading what `deno test` says of a run.
 *
 * @module
 */

/** How a run of `deno test` ended. */
export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  /** Names of tests and steps that did not run. */
  readonly ignored: readonly string[];
}

/**
 * Combines the three things a run leaves. The summary line counts modules that failed to load,
 * which the JUnit report leaves out; only that report names ignored tests; and neither exists when
 * the runner itself fell over.
 *
 * @param output what the runner printed
 * @param junit its JUnit report; empty when it wrote none
 */
export function readReport(output: string, junit: string, success: boolean): TestReport {
  // deno-lint-ignore no-control-regex -- colours are escape sequences
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const summary = [
    ...plain.matchAll(/^(?:ok|FAILED) \| (\d+) passed(?: \(.*?\))? \| (\d+) failed/gm),
  ].at(-1);
  const passed = Number(summary?.[1] ?? 0);
  const failed = Number(summary?.[2] ?? 0);
  return {
    passed,
    failed: success && summary !== undefined ? failed : Math.max(failed, 1),
    ignored: ignoredTests(junit),
  };
}

/** Tests that a filter left out are reported as skipped too, but without a time. */
function ignoredTests(junit: string): string[] {
  const cases = junit.matchAll(
    /<testcase name="([^"]*)" classname="([^"]*)" time=[^>]*>\s*<skipped\/>/g,
  );
  return Array.from(cases, ([, name, file]) => unescapeXml(`${name} (${file})`));
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  quot: '"',
};

function unescapeXml(text: string): string {
  return text.replace(
    /&(amp|apos|gt|lt|quot);/g,
    (entity, name: string) => ENTITIES[name] ?? entity,
  );
}

/** The sum of several runs. */
export function addReports(reports: readonly TestReport[]): TestReport {
  return {
    passed: reports.reduce((sum, { passed }) => sum + passed, 0),
    failed: reports.reduce((sum, { failed }) => sum + failed, 0),
    ignored: reports.flatMap(({ ignored }) => ignored),
  };
}
