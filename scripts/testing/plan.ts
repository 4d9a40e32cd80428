/**
 * What a test command has to run.
 *
 * @module
 */

/** One run of `deno test`. */
export interface TestRun {
  readonly name: string;
  /** Arguments of `deno test`. */
  readonly args: readonly string[];
}

export interface TestPlan {
  /** Whether any of it needs the binaries. */
  readonly build: boolean;
  /** Whether any of it needs a browser. */
  readonly browser: boolean;
  /** Whether any of it needs database servers. */
  readonly databases: boolean;
  readonly runs: readonly TestRun[];
}

/** Tests that look for free ports, or run whole processes: one file after the other. */
const SERIAL = [
  "tests/forward",
  "tests/system",
  "tests/databases",
  "tests/binary",
  "tests/browser",
];

/** Options of `deno test` whose value is an argument of its own. */
const VALUE_OPTIONS = new Set(["--filter"]);

/**
 * Plans for the arguments of the test command: paths say what to test instead of everything, and
 * options go to `deno test`.
 */
export function planTests(args: readonly string[]): TestPlan {
  const isPath = (arg: string, i: number) =>
    !arg.startsWith("-") && !VALUE_OPTIONS.has(args[i - 1] ?? "");
  const paths = args.filter(isPath);
  const options = args.filter((arg, i) => !isPath(arg, i));
  if (paths.length > 0) {
    const build = paths.some((path) => /^(\.\/)?tests(\/|\/binary\b.*)?$/.test(path));
    const browser = paths.some((path) => /^(\.\/)?tests(\/|\/browser\b.*)?$/.test(path));
    const databases = paths.some((path) => /^(\.\/)?tests(\/|\/databases\b.*)?$/.test(path));
    return { build, browser, databases, runs: [{ name: "tests", args: [...options, ...paths] }] };
  }
  return {
    build: true,
    browser: true,
    databases: true,
    runs: [
      {
        name: "parallel tests",
        // No paths: beside more than one, Deno ignores --ignore.
        args: [...options, "--parallel", `--ignore=${SERIAL.join()}`],
      },
      { name: "serial tests", args: [...options, ...SERIAL] },
    ],
  };
}
