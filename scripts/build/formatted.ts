/** TypeScript as `deno fmt` writes it in this project. @throws {Error} when it does not parse */
export async function formatted(text: string): Promise<string> {
  // One pass may leave what the next one changes, and the result has to pass `deno fmt --check`.
  return await onePass(await onePass(text));
}

async function onePass(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--line-width", "100", "--ext", "ts", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [{ success, stdout, stderr }] = await Promise.all([
    child.output(),
    new Blob([text]).stream().pipeTo(child.stdin),
  ]);
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot format:\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
