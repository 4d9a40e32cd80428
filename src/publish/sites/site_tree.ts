/**
 * The files of one site on the disk. No symbolic link is followed, wherever in the path it stands.
 *
 * The runtime resolves links before it opens a file for a program with restricted permissions, so
 * `O_NOFOLLOW` protects nothing there. Instead the path of every directory is compared with what
 * the system makes of it, before it is used and again afterwards.
 *
 * @module
 */

import { join } from "node:path";
import { PortunusError } from "../../core/errors.ts";
import { type AtomicFileSystem, StagedFile, systemFiles } from "../../system/staged_file.ts";
import type { Random } from "../../system/random.ts";
import type { SitePath } from "./site_path.ts";

/** Modes of A9 of the specification, less the umask. */
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** An entry of a directory. */
export interface SiteEntry {
  readonly name: string;
  readonly kind: "file" | "directory";
  /** Bytes; `null` for directories. */
  readonly size: number | null;
  readonly modifiedAtMs: number;
}

/** What a site takes up. */
export interface SiteSize {
  readonly bytes: number;
  /** Files and directories. */
  readonly entries: number;
}

/** A file that is on its way to its place. */
export interface PendingFile {
  readonly path: SitePath;
  readonly staged: StagedFile;
}

export interface SiteTreeOptions {
  /** The site's directory; its parents may be links, as the operator likes. */
  readonly root: string;
  readonly random: Random;
  /** @default {systemFiles} */
  readonly fs?: AtomicFileSystem | undefined;
}

/** Callers see to it that no two of its changes run at a time. */
export class SiteTree {
  readonly #root: string;
  readonly #fs: AtomicFileSystem;
  readonly #random: Random;

  private constructor(root: string, { fs = systemFiles, random }: SiteTreeOptions) {
    this.#root = root;
    this.#fs = fs;
    this.#random = random;
  }

  /** @throws {PortunusError} `site_not_found` when there is no such directory */
  static async open(options: SiteTreeOptions): Promise<SiteTree> {
    const info = await lstat(options.root);
    if (!info?.isDirectory) throw new PortunusError("site_not_found", "its directory is missing");
    return new SiteTree(await Deno.realPath(options.root), options);
  }

  /** Creates the directory of a new site, which must not be there yet. */
  static async create(options: SiteTreeOptions): Promise<SiteTree> {
    await Deno.mkdir(options.root, { mode: DIRECTORY_MODE });
    return await SiteTree.open(options);
  }

  /** Adds up everything in it. */
  async measure(): Promise<SiteSize> {
    return await measure(this.#root);
  }

  /**
   * The entries of a directory: directories first, then by name.
   *
   * @throws {PortunusError} `site_file_not_found`
   */
  async list(path: SitePath): Promise<SiteEntry[]> {
    const directory = await this.#directory(path);
    if (directory === null) throw new PortunusError("site_file_not_found", path.join("/"));
    const entries: SiteEntry[] = [];
    for await (const { name } of visible(directory)) {
      const info = await lstat(join(directory, name));
      if (info === null || info.isSymlink) continue;
      const modifiedAtMs = info.mtime?.getTime() ?? 0;
      if (info.isFile) entries.push({ name, kind: "file", size: info.size, modifiedAtMs });
      else if (info.isDirectory) {
        entries.push({ name, kind: "directory", size: null, modifiedAtMs });
      }
    }
    return entries.sort((a, b) =>
      a.kind === b.kind ? (a.name < b.name ? -1 : 1) : (a.kind === "directory" ? -1 : 1)
    );
  }

  /** A new file in the site's directory that no visitor sees. */
  async stage(): Promise<StagedFile> {
    await this.#requireDirectory([]);
    return await StagedFile.create(join(this.#root, "upload"), {
      mode: FILE_MODE,
      random: this.#random,
      fs: this.#fs,
    });
  }

  /**
   * Gives finished files their names, making directories as needed. All of them are checked before
   * the first one moves.
   *
   * @returns what that added
   * @throws {PortunusError} `path_in_use`: a directory, a link or something else is there
   */
  async publish(files: readonly PendingFile[]): Promise<SiteSize> {
    refuseOverlaps(files);
    let [bytes, entries] = [0, 0];
    for (const { path, staged } of files) {
      const old = await this.#fileAt(path);
      bytes += (await Deno.lstat(staged.path)).size - (old ?? 0);
      entries += old === null ? 1 : 0;
    }
    for (const { path } of files) entries += await this.#makeParents(path);
    for (const { path, staged } of files) {
      const directory = await this.#requireDirectory(path.slice(0, -1));
      await staged.publish(join(directory, path.at(-1) ?? ""));
      await this.#requireDirectory(path.slice(0, -1));
    }
    return { bytes, entries };
  }

  /**
   * Deletes a file, or a directory and all in it. It is out of sight at once. What is not there is
   * deleted already.
   *
   * @returns what that freed
   * @throws {PortunusError} `path_in_use`: a link or something else is there
   */
  async remove(path: SitePath): Promise<SiteSize> {
    const nothing = { bytes: 0, entries: 0 };
    const [name] = path.slice(-1);
    if (name === undefined) throw new PortunusError("path_invalid", "the root stays");
    const directory = await this.#directory(path.slice(0, -1));
    if (directory === null) return nothing;
    const info = await lstat(join(directory, name));
    if (info === null) return nothing;
    if (!info.isFile && !info.isDirectory) throw inUse(path);
    const trash = join(this.#root, `.trash.${this.#random.bytes(8).toHex()}.tmp`);
    await this.#fs.rename(join(directory, name), trash);
    // Somebody else put a link where a directory was: it went away, and not what it led to.
    if ((await lstat(trash))?.isSymlink) return nothing;
    const freed = info.isFile ? { bytes: info.size, entries: 1 } : await measure(trash, 1);
    await Deno.remove(trash, { recursive: true });
    return freed;
  }

  /** Deletes all of it. */
  async destroy(): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }

  /** The size of the file at `path`; `null` when there is nothing. */
  async #fileAt(path: SitePath): Promise<number | null> {
    const directory = await this.#directory(path.slice(0, -1));
    if (directory === null) return null;
    const info = await lstat(join(directory, path.at(-1) ?? ""));
    if (info !== null && !info.isFile) throw inUse(path);
    return info?.size ?? null;
  }

  /** Makes the directories above `path`, and says how many were missing. */
  async #makeParents(path: SitePath): Promise<number> {
    let made = 0;
    for (let depth = 1; depth < path.length; depth++) {
      if (await this.#directory(path.slice(0, depth)) !== null) continue;
      const parent = await this.#requireDirectory(path.slice(0, depth - 1));
      await Deno.mkdir(join(parent, path[depth - 1] ?? ""), { mode: DIRECTORY_MODE });
      made += 1;
    }
    return made;
  }

  async #requireDirectory(path: SitePath): Promise<string> {
    const directory = await this.#directory(path);
    if (directory === null) throw inUse(path);
    return directory;
  }

  /**
   * Where the directory is; `null` when there is none.
   *
   * @throws {PortunusError} `path_in_use` when something else is there, or on the way there
   */
  async #directory(path: SitePath): Promise<string | null> {
    const directory = join(this.#root, ...path);
    let real: string;
    try {
      real = await Deno.realPath(directory);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        if ((await lstat(directory))?.isSymlink) throw inUse(path);
        // A link on the way would say of places outside whether they exist.
        if (path.length > 0) await this.#directory(path.slice(0, -1));
        return null;
      }
      if (error instanceof Deno.errors.NotADirectory) throw inUse(path);
      throw error;
    }
    if (real !== directory || !(await lstat(directory))?.isDirectory) throw inUse(path);
    return directory;
  }
}

/** Files of one upload that are each other's directories, or the same. */
function refuseOverlaps(files: readonly PendingFile[]): void {
  const paths = new Set<string>();
  for (const { path } of files) {
    const text = path.join("/");
    if (paths.has(text)) throw new PortunusError("upload_invalid", `${text} comes twice`);
    paths.add(text);
  }
  for (const { path } of files) {
    for (let depth = 1; depth < path.length; depth++) {
      const above = path.slice(0, depth);
      if (paths.has(above.join("/"))) throw inUse(above);
    }
  }
}

async function measure(directory: string, own = 0): Promise<SiteSize> {
  let [bytes, entries] = [0, own];
  for await (const { name, isDirectory, isFile } of visible(directory)) {
    entries += 1;
    const path = join(directory, name);
    if (isFile) bytes += (await lstat(path))?.size ?? 0;
    if (!isDirectory) continue;
    const inner = await measure(path);
    bytes += inner.bytes;
    entries += inner.entries;
  }
  return { bytes, entries };
}

/** What visitors may see: names that begin with a dot are ours, or nobody's. */
async function* visible(directory: string): AsyncGenerator<Deno.DirEntry> {
  for await (const entry of Deno.readDir(directory)) {
    if (!entry.name.startsWith(".")) yield entry;
  }
}

async function lstat(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}

/** @throws {PortunusError} `path_in_use` */
const inUse = (path: SitePath): PortunusError =>
  new PortunusError(
    "path_in_use",
    `${path.join("/") || "the site's directory"} is not what it would have to be`,
  );
