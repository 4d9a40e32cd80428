/**
 * A process that replaces a file and dies on the way: `PATH STEP`, where it is killed as soon as
 * the system call STEP is done.
 *
 * @module
 */

import { writeFileAtomic } from "../../src/system/atomic_file.ts";
import { type AtomicFileSystem, systemFiles } from "../../src/system/staged_file.ts";

/** The system calls of a write of two halves, in their order. */
export const WRITE_STEPS = [
  "mkdir",
  "create",
  "write half",
  "write all",
  "sync",
  "rename",
  "syncDirectory",
] as const;

/** What the file is replaced with. */
export const NEW_CONTENT = "new ".repeat(1_000);

/** The real system calls, with the end of this process after one of them. */
function mortal(last: string): AtomicFileSystem {
  async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const result = await work();
    if (name === last) Deno.kill(Deno.pid, "SIGKILL");
    return result;
  }
  return {
    mkdir: (path) => step("mkdir", () => systemFiles.mkdir(path)),
    async create(path, mode) {
      const file = await step("create", () => systemFiles.create(path, mode));
      const half = NEW_CONTENT.length / 2;
      return {
        write: (data) =>
          step(
            data.length > half ? "write half" : "write all",
            () => file.write(data.subarray(0, half)),
          ),
        sync: () => step("sync", () => file.sync()),
        [Symbol.dispose]: () => file[Symbol.dispose](),
      };
    },
    rename: (from, to) => step("rename", () => systemFiles.rename(from, to)),
    syncDirectory: (path) => step("syncDirectory", () => systemFiles.syncDirectory(path)),
    remove: (path) => systemFiles.remove(path),
  };
}

if (import.meta.main) {
  const [path = "", last = ""] = Deno.args;
  await writeFileAtomic(path, NEW_CONTENT, { mode: 0o600, createParents: true, fs: mortal(last) });
}
