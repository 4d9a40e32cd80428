/**
 * Files of a site, opened to be read.
 *
 * Looking a file up and reading the first chunk of it are synchronous: they take microseconds
 * where a way through the thread pool takes longer, and most files are over with that chunk.
 *
 * @module
 */

import { join } from "node:path";
import { SITES } from "../../core/publish_limits.ts";
import type { SitePath } from "./site_path.ts";

/** A regular file; {@linkcode bytes} closes it in the end. */
export interface SiteFile extends Disposable {
  readonly size: number;
  readonly modifiedAtMs: number;
  /** Tells this content from any other that was, or will be, under this name. */
  readonly etag: string;
  /** The bytes from `first` on, `length` of them. Called once at most. */
  bytes(first: number, length: number): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
}

/**
 * Opens the file at `path` below `root`, which is a real path. `null` where there is none, or a
 * symbolic link is on the way.
 *
 * The runtime follows links when it opens a file. So it is asked afterwards whether the path led
 * there without any, and whether what was opened is what is there: a directory that was replaced by
 * a link in between is noticed.
 */
export function openSiteFile(root: string, path: SitePath): SiteFile | "directory" | null {
  const full = join(root, ...path);
  const found = absent(() => Deno.lstatSync(full));
  if (found === null || !(found.isFile || found.isDirectory)) return null;
  if (found.isDirectory) return isReal(full) ? "directory" : null;
  const file = absent(() => Deno.openSync(full));
  if (file === null) return null;
  const info = file.statSync();
  const there = isReal(full) ? absent(() => Deno.lstatSync(full)) : null;
  if (!info.isFile || there?.ino !== info.ino || there?.dev !== info.dev) {
    file.close();
    return null;
  }
  return toSiteFile(file, info);
}

const isReal = (path: string): boolean => absent(() => Deno.realPathSync(path)) === path;

function absent<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}

function toSiteFile(file: Deno.FsFile, { size, mtime, ino }: Deno.FileInfo): SiteFile {
  const modifiedAtMs = mtime?.getTime() ?? 0;
  const parts = [modifiedAtMs, size, ino ?? 0].map((part) => part.toString(36));
  return {
    size,
    modifiedAtMs,
    etag: `"${parts.join("-")}"`,
    bytes(first, length) {
      if (first > 0) file.seekSync(first, Deno.SeekMode.Start);
      return length <= SITES.chunkBytes ? readNow(file, length) : readAsAsked(file, length);
    },
    [Symbol.dispose]: () => file.close(),
  };
}

function readNow(file: Deno.FsFile, length: number): Uint8Array<ArrayBuffer> {
  using _ = file;
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) filled += advance(file.readSync(bytes.subarray(filled)));
  return bytes;
}

function readAsAsked(file: Deno.FsFile, length: number): ReadableStream<Uint8Array> {
  let left = length;
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(Math.min(left, SITES.chunkBytes));
      const size = advance(await file.read(chunk));
      left -= size;
      controller.enqueue(chunk.subarray(0, size));
      if (left > 0) return;
      file.close();
      controller.close();
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

/** @throws {Error} at the end of a file that was cut while it was sent: the length was told */
function advance(size: number | null): number {
  if (size === null) throw new Error("The file became shorter while it was read");
  return size;
}
