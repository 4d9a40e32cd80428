/**
 * Notices that a file was changed, however that was done.
 *
 * @module
 */

import { basename, dirname, resolve } from "node:path";
import type { Clock } from "../core/clock.ts";
import { STANDALONE } from "../core/limits.ts";

/** Something that happened in a directory. */
export interface WatchEvent {
  readonly kind: string;
  readonly paths: readonly string[];
}

/** File system events as `Deno.watchFs` gives them. */
export interface Watcher extends AsyncIterable<WatchEvent> {
  close(): void;
}

/**
 * Calls `changed` some time after `path` was written, replaced or removed, once for all events
 * that come close together. Editors write another file and rename it, and mounted configurations
 * swap a symbolic link beside it (`..data`), so it is the directory that is watched.
 *
 * @throws {Error} when the directory cannot be watched
 */
export function watchConfig(
  { path, clock, changed, watch = (directory) => Deno.watchFs(directory, { recursive: false }) }: {
    readonly path: string;
    readonly clock: Clock;
    readonly changed: () => void;
    readonly watch?: (directory: string) => Watcher;
  },
): AsyncDisposable {
  const watcher = watch(dirname(resolve(path)));
  let timer: Disposable | null = null;
  const names = new Set([basename(path), "..data"]);
  const watching = (async () => {
    for await (const { kind, paths } of watcher) {
      // Reading it is an event, too.
      if (kind === "access" || !paths.some((it) => names.has(basename(it)))) continue;
      timer?.[Symbol.dispose]();
      timer = clock.timer(STANDALONE.reloadDebounceMs, changed);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      watcher.close();
      await watching;
      timer?.[Symbol.dispose]();
    },
  };
}
