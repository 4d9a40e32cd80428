/**
 * Self-extracting executables: a POSIX shell launcher, then a program and its runtime as archives.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { writeFileAtomic } from "../../src/system/atomic_file.ts";
import launcherTemplate from "./launcher.sh" with { type: "text" };

/** What goes into a self-extracting file. */
export interface SelfExtractingOptions {
  readonly name: string;
  readonly version: string;
  /** System it is for, as `deno compile --target` names it. */
  readonly target: string;
  /** tar.gz with `main.js`. */
  readonly program: Uint8Array<ArrayBuffer>;
  /** tar.gz with the executable `deno`. */
  readonly runtime: Uint8Array<ArrayBuffer>;
  /** Options of `deno run`, in front of the program. */
  readonly flags: readonly string[];
}

/** Writes the executable file `output`. */
export async function writeSelfExtracting(
  output: string,
  options: SelfExtractingOptions,
): Promise<void> {
  const parts = [launcher(options), options.program, options.runtime];
  const data = new Uint8Array(await new Blob(parts).arrayBuffer());
  await writeFileAtomic(output, data, { mode: 0o755, createParents: true });
}

/** Size of the launcher in bytes. Fixed, so that offsets in it do not depend on their own length. */
const LAUNCHER_SIZE = 8_192;

function launcher(options: SelfExtractingOptions): Uint8Array<ArrayBuffer> {
  const { program, runtime } = options;
  const values: Readonly<Record<string, string | number>> = {
    NAME: options.name,
    VERSION: options.version,
    TARGET: options.target,
    DENO: Deno.version.deno,
    PROGRAM: sha256(program),
    PROGRAM_OFFSET: LAUNCHER_SIZE + 1,
    PROGRAM_SIZE: program.length,
    PROGRAM_KILOBYTES: kilobytes(program),
    RUNTIME: sha256(runtime),
    RUNTIME_OFFSET: LAUNCHER_SIZE + program.length + 1,
    RUNTIME_SIZE: runtime.length,
    RUNTIME_KILOBYTES: kilobytes(runtime),
    FLAGS: options.flags.map(quote).join(" "),
  };
  const text = launcherTemplate.replace(/@([A-Z_]+)@/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`Unknown placeholder "${key}" in the launcher`);
    return String(value);
  });
  const utf8 = new TextEncoder();
  const size = utf8.encode(text).length;
  if (size > LAUNCHER_SIZE) throw new RangeError(`Launcher is too long: ${size} bytes`);
  return utf8.encode(text + "\n".repeat(LAUNCHER_SIZE - size));
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Size of what a gzip file holds, from its last four bytes (RFC 1952 §2.3.1), in KiB. */
function kilobytes(gz: Uint8Array<ArrayBuffer>): number {
  return Math.ceil(new DataView(gz.buffer, gz.byteOffset).getUint32(gz.length - 4, true) / 1_024);
}

/** `text` as one word of a shell command. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
