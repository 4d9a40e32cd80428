import { skip } from "./skip.ts";
import { mountTmpfs } from "./tmpfs.ts";

/** A small file system at a path of the caller's, which does not count as one in memory. */
export interface SmallDisk extends Disposable {
  /** A directory on it that nobody looks into: room for ballast. */
  readonly ballast: string;
}

/**
 * Puts a file system of `sizeMiB` under the existing, empty directory `path`: an overlay, because
 * the server refuses what is in memory, over a file system in memory, which is what fills up.
 *
 * @param what the test that needs it, for the line that says it was skipped
 * @returns `undefined`, after saying so, where this process may not mount
 */
export function mountSmallDisk(what: string, path: string, sizeMiB: number): SmallDisk | undefined {
  using stack = new DisposableStack();
  const memory = mountTmpfs(what, sizeMiB);
  if (!memory) return undefined;
  stack.use(memory);
  const [lower, upper, work] = ["lower", "upper", "work"].map((name) => `${memory.path}/${name}`);
  for (const dir of [lower, upper, work]) Deno.mkdirSync(dir ?? "");
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  const mounted = command("mount", "-t", "overlay", "-o", layers, "overlay", path);
  if (mounted !== null) {
    skip(what, mounted);
    return undefined;
  }
  stack.defer(() => {
    const problem = command("umount", path);
    if (problem !== null) throw new Error(`umount ${path}: ${problem}`);
  });
  const held = stack.move();
  return { ballast: `${memory.path}/ballast`, [Symbol.dispose]: () => held.dispose() };
}

/** `null`, or what went wrong. */
function command(program: string, ...args: readonly string[]): string | null {
  const { success, stderr } = new Deno.Command(program, { args: [...args] }).outputSync();
  return success ? null : new TextDecoder().decode(stderr).trim();
}
