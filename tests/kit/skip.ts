const utf8 = new TextEncoder();

/**
 * Says that something is not tested here, and why. Continuous integration has everything, so there
 * it is a failure.
 *
 * @throws {Error} when `CI` is `true`
 */
export function skip(what: string, why: string): void {
  const line = `skipped: ${what} (${why})`;
  if (Deno.env.get("CI") === "true") throw new Error(line);
  Deno.stdout.writeSync(utf8.encode(`${line}\n`));
}
