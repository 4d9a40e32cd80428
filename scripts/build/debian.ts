/**
 * Programs from Debian's packages.
 *
 * @module
 */

import { writeLine } from "./console.ts";

/** A file that has to be there, and the package that brings it. */
export interface Needed {
  readonly file: string;
  readonly package: string;
}

/**
 * Installs the packages of the files that are missing.
 *
 * @throws {Error} what to install, where this process may not; what apt-get says when it fails
 */
export async function bringFiles(needed: readonly Needed[]): Promise<void> {
  const packages = needed.filter(({ file }) => !exists(file)).map((it) => it.package);
  if (packages.length === 0) return;
  const names = [...new Set(packages)].join(" ");
  if (Deno.uid() !== 0 || !exists("/usr/bin/apt-get")) throw new Error(`please install ${names}`);
  writeLine(`installing ${names}`);
  await apt("update", "-qq");
  await apt("install", "-y", "-qq", "--no-install-recommends", ...new Set(packages));
}

async function apt(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("apt-get", {
    args: [...args],
    // A package that starts its service at once would take ports, and time.
    env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`apt-get ${args[0]}: ${new TextDecoder().decode(stderr).trim()}`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
