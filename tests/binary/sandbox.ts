/**
 * A directory in which self-extracting files are built and run, with a chosen set of tools in PATH.
 *
 * @module
 */

import { tarGz } from "../../scripts/build/archive.ts";
import { writeSelfExtracting } from "../../scripts/build/self_extracting.ts";
import { isFile } from "../../src/system/process_io.ts";

/** What the launcher may call beside the shell, as it says itself. */
export const TOOLS: readonly string[] = [
  ..."chmod df find head id ls mkdir mktemp mv rm sync tail".split(" "),
  ...["gzip", "tar", "sha256sum"],
];

/** How a run ended. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Takes the place of the runtime: runs the program as a shell script. */
const STAND_IN_RUNTIME = `#!/bin/sh
[ "$1" = --version ] && exit 0
until [ "\${1%/main.js}" != "$1" ]; do shift; done
exec /bin/sh "$@"
`;

const utf8 = new TextEncoder();

export class Sandbox implements AsyncDisposable {
  #tools = 0;

  private constructor(readonly dir: string) {}

  static async open(): Promise<Sandbox> {
    return new Sandbox(await Deno.makeTempDir({ prefix: "portunus-binary-" }));
  }

  /** A path in the sandbox. */
  path(name: string): string {
    return `${this.dir}/${name}`;
  }

  /** A directory for PATH with `names` of the system, and scripts of the test's own. */
  async tools(
    names: readonly string[] = TOOLS,
    scripts: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const directory = this.path(`tools-${this.#tools++}`);
    await Deno.mkdir(directory);
    for (const name of names) {
      const path = findTool(name);
      if (path === undefined) throw new Error(`this system has no ${name}`);
      await Deno.symlink(path, `${directory}/${name}`);
    }
    for (const [name, script] of Object.entries(scripts)) {
      await Deno.remove(`${directory}/${name}`).catch(() => undefined);
      await Deno.writeTextFile(`${directory}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    return directory;
  }

  /**
   * Builds the self-extracting file `demo`, whose program is the shell script `script`.
   *
   * @param ballast bytes that unpacking writes in addition
   */
  async build(script: string, ballast = 0): Promise<string> {
    const path = this.path("demo");
    await writeSelfExtracting(path, {
      name: "demo",
      version: "1.2.3",
      target: Deno.build.target,
      program: await tarGz([
        { path: "main.js", data: utf8.encode(script) },
        { path: "assets/ballast", data: new Uint8Array(ballast) },
      ]),
      runtime: await tarGz([
        { path: "deno", data: utf8.encode(STAND_IN_RUNTIME), executable: true },
      ]),
      flags: ["--allow-env=A,B", "it's"],
    });
    return path;
  }

  /** Runs `command` to its end; nothing of the environment is inherited. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const [program = "", ...args] = command;
    const child = new Deno.Command(program, {
      args,
      env: { ...options.env },
      clearEnv: true,
      cwd: this.dir,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stdin = new Blob([options.stdin ?? ""]).stream().pipeTo(child.stdin).catch(() => {
      // A program may end without reading its input.
    });
    const [{ code, stdout, stderr }] = await Promise.all([child.output(), stdin]);
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** Where the system has the tool `name`. */
export function findTool(name: string): string | undefined {
  return ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map((directory) => `${directory}/${name}`)
    .find(isFile);
}

/** The command line that runs `command` with a file system of its own, made for it, at `directory`. */
export function withMount(
  { directory, options }: { readonly directory: string; readonly options: string },
  command: readonly string[],
): string[] {
  const user = Deno.uid() === 0 ? [] : ["--user", "--map-root-user"];
  const script = `${findTool("mount")} -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"`;
  return [
    findTool("unshare") ?? "unshare",
    ...user,
    "--mount",
    "/bin/sh",
    "-c",
    script,
    "sh",
    options,
    directory,
    ...command,
  ];
}

/** Names in a directory, sorted. */
export async function list(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(directory)) names.push(name);
  return names.sort();
}
