import { skip } from "./skip.ts";

/** A small file system in memory, which can be filled to the brim. */
export interface TmpfsMount extends Disposable {
  readonly path: string;
}

/**
 * Mounts one until disposed of.
 *
 * @param what the test that needs it, for the line that says it was skipped
 * @returns `undefined`, after saying so, where this process may not mount
 */
export function mountTmpfs(what: string, sizeMiB: number): TmpfsMount | undefined {
  const path = Deno.makeTempDirSync({ prefix: "portunus-tmpfs-" });
  const why = Deno.uid() === 0
    ? run("mount", "-t", "tmpfs", "-o", `size=${sizeMiB}m`, "tmpfs", path)
    : "mounting needs root";
  if (why !== null) {
    Deno.removeSync(path);
    skip(what, why);
    return undefined;
  }
  return {
    path,
    [Symbol.dispose]() {
      const problem = run("umount", path);
      if (problem !== null) throw new Error(`umount ${path}: ${problem}`);
      Deno.removeSync(path);
    },
  };
}

/** Writes a file until there is no room left. */
export function fillUp(path: string): void {
  using file = Deno.openSync(path, { write: true, create: true });
  const block = new Uint8Array(4096);
  try {
    for (;;) file.writeSync(block);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}

/** `null`, or what went wrong. */
function run(command: string, ...args: readonly string[]): string | null {
  try {
    const { success, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
    return success ? null : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
