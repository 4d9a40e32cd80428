/**
 * The two programs as the demo runs them: from source, as processes of their own.
 *
 * @module
 */

import { MEMORY_FLAGS } from "../build/memory_flags.ts";
import { PERMISSIONS } from "../build/permissions.ts";

/** The project's directory, with a slash at its end. */
export const ROOT = new URL("../../", import.meta.url).pathname;

const PATIENCE_MS = 30_000;
const utf8 = new TextDecoder();

export type Program = "server" | "client";

/** A program from source with the permissions its binary has. */
function start(
  name: Program,
  args: readonly string[],
  env: Record<string, string> = {},
): Deno.ChildProcess {
  const flags = [...MEMORY_FLAGS[name], ...PERMISSIONS[name]];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...flags, `${ROOT}src/${name}/main.ts`, ...args],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command to its end, with `input` on stdin, and returns what it printed. */
export async function run(
  name: Program,
  args: readonly string[],
  { env, input = "" }: { readonly env?: Record<string, string>; readonly input?: string } = {},
): Promise<string> {
  const child = start(name, args, env);
  await new Blob([input]).stream().pipeTo(child.stdin).catch(() => undefined);
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(`portunus-${name} ${args[0]} failed:\n${utf8.decode(stderr)}`);
  return utf8.decode(stdout).trimEnd();
}

/** A program that keeps running, with its log in a file. */
export class Daemon implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #log: Promise<void>;
  readonly #events = new Map<string, PromiseWithResolvers<Record<string, string>>>();

  constructor(
    readonly name: Program,
    args: readonly string[],
    readonly logPath: string,
  ) {
    this.#child = start(name, args);
    void this.#child.stdin.close();
    this.#log = this.#follow();
    void this.#child.stdout.cancel();
  }

  /** The fields of the first log line with this event. */
  async event(event: string): Promise<Record<string, string>> {
    const failed = Promise.withResolvers<never>();
    const why = (text: string) =>
      failed.reject(
        new Error(`portunus-${this.name}: ${text} before ${event}; see ${this.logPath}`),
      );
    const timer = setTimeout(() => why(`${PATIENCE_MS / 1_000} s passed`), PATIENCE_MS);
    void this.#child.status.then(() => why("ended"));
    try {
      return await Promise.race([this.#eventOf(event).promise, failed.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks the program to stop and waits until it has. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await this.#log;
  }

  #eventOf(event: string) {
    const known = this.#events.get(event) ?? Promise.withResolvers<Record<string, string>>();
    this.#events.set(event, known);
    return known;
  }

  async #follow(): Promise<void> {
    using file = await Deno.open(this.logPath, { write: true, create: true, truncate: true });
    let rest = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        file.writeSync(new TextEncoder().encode(`${line}\n`));
        if (!line.startsWith("{")) continue;
        const { fields } = JSON.parse(line) as { fields?: Record<string, string> };
        if (fields?.["event"] !== undefined) this.#eventOf(fields["event"]).resolve(fields);
      }
    }
  }
}
