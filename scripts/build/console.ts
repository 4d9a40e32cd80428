const utf8 = new TextEncoder();

/** Writes a line to standard output. */
export function writeLine(line: string): void {
  let rest = utf8.encode(`${line}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}
