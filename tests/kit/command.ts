/**
 * Programs that tests run to their end.
 *
 * @module
 */

/** How a program ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What it may read from its standard input. */
  readonly input?: string;
}

/** Runs a program, and waits for it. */
export async function runToEnd(
  command: readonly string[],
  { env, input = "" }: CommandOptions,
): Promise<CommandResult> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // A program that does not read its input may end before it is written.
  const written = new Blob([input]).stream().pipeTo(child.stdin).catch(() => undefined);
  const { code, stdout, stderr } = await child.output();
  await written;
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
