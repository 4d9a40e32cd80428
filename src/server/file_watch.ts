/**
 * Notices that files were replaced, by looking at them now and then: the directory that they are in
 * may be the store's, where something happens all the time.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";

export interface FileWatchOptions {
  /** The files of the moment; links are followed. */
  readonly paths: () => readonly string[];
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Called after a look that saw something new. */
  readonly changed: () => Promise<void>;
  /** What of a file tells it from another. @default by modification time, size and inode */
  readonly look?: (path: string) => Promise<string>;
}

/** Looks every `intervalMs` until the handle is disposed. */
export function watchFiles(options: FileWatchOptions): Disposable {
  const { paths, intervalMs, clock, changed, look = stamp } = options;
  const seeAll = async () => (await Promise.all(paths().map(look))).join("\n");
  let isOver = false;
  let timer: Disposable | null = null;
  let before: string | null = null;
  const check = async () => {
    const now = await seeAll();
    if (isOver) return;
    const isNew = before !== null && now !== before;
    before = now;
    if (isNew) await changed();
    if (!isOver) timer = clock.timer(intervalMs, () => void check());
  };
  void check();
  return {
    [Symbol.dispose]() {
      isOver = true;
      timer?.[Symbol.dispose]();
    },
  };
}

/** A file that is missing for a moment is a change, too. */
async function stamp(path: string): Promise<string> {
  const info = await Deno.stat(path).catch(() => null);
  return info === null ? "none" : `${info.mtime?.getTime()} ${info.size} ${info.ino}`;
}
