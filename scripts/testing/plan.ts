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
  /** Whether any of it needs a certificate authority. */
  readonly acme: boolean;
  /** What runs one after the other: each a number of runs that go beside each other. */
  readonly phases: readonly TestPhase[];
}

/** Runs that go at the same time. */
export type TestPhase = readonly TestRun[];

/**
 * Tests that run whole processes, or thousands of connections: in each lane one file after the
 * other. The lanes are about equally long, and what waits for a browser or a database is beside
 * what keeps a processor busy.
 */
const LANES = [
  { name: "forwarding and processes", paths: ["tests/forward", "tests/system"] },
  { name: "browser and databases", paths: ["tests/browser", "tests/databases", "tests/binary"] },
] as const;

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
    const browser = paths.some((path) =>
      /^(\.\/)?tests(\/|\/(browser|databases)\b.*)?$/.test(path)
    );
    const databases = paths.some((path) => /^(\.\/)?tests(\/|\/databases\b.*)?$/.test(path));
    const acme = paths.some((path) => /^(\.\/)?tests(\/|\/publish\b.*)?$/.test(path));
    const run = { name: "tests", args: [...options, ...paths] };
    return { build, browser, databases, acme, phases: [[run]] };
  }
  return {
    build: true,
    browser: true,
    databases: true,
    acme: true,
    phases: [
      [{
        name: "parallel tests",
        // No paths: beside more than one, Deno ignores --ignore.
        args: [...options, "--parallel", `--ignore=${LANES.flatMap(({ paths }) => paths).join()}`],
      }],
      LANES.map(({ name, paths }) => ({ name, args: [...options, ...paths] })),
    ],
  };
}
