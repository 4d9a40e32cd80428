/** A program that a build step ran has failed. The message holds what it printed. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/**
 * Runs a program to its end and returns its standard output.
 *
 * @throws {CommandError} when it exits with another status than 0
 */
export async function run(
  command: readonly [string, ...string[]],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<string> {
  const [program, ...args] = command;
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    ...options,
    args,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  if (success) return text.decode(stdout);
  throw new CommandError(
    `${program} ${args[0] ?? ""} exited with ${code}\n${text.decode(stdout)}${text.decode(stderr)}`,
  );
}
