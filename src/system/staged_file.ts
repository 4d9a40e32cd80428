/**
 * A file that is written under another name and takes its place when it is complete and durable.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { type Random, systemRandom } from "./random.ts";

/** An open file, as far as a write needs it. */
export interface WritableFile extends Disposable {
  write(data: Uint8Array): Promise<number>;
  sync(): Promise<void>;
}

/** The system calls of an atomic write, one each. */
export interface AtomicFileSystem {
  mkdir(path: string): Promise<void>;
  /** Creates a file that must not exist yet. */
  create(path: string, mode: number): Promise<WritableFile>;
  rename(from: string, to: string): Promise<void>;
  /** Makes a rename inside the directory durable. */
  syncDirectory(path: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/** The real ones. */
export const systemFiles: AtomicFileSystem = {
  mkdir: (path) => Deno.mkdir(path, { recursive: true }),
  create: (path, mode) => Deno.open(path, { write: true, createNew: true, mode }),
  rename: (from, to) => Deno.rename(from, to),
  async syncDirectory(path) {
    using directory = await Deno.open(path, { read: true });
    await directory.sync();
  },
  remove: (path) => Deno.remove(path),
};

export interface StagedFileOptions {
  /** Permission bits of the file, less the umask. @default {0o666} */
  readonly mode?: number;
  /** What the write is made of; tests pass one that fails. */
  readonly fs?: AtomicFileSystem;
  readonly random?: Random;
}

const RANDOM_BYTES = 8;

/** What names of staged files look like; the first group is the name they were made for. */
export const STAGED_NAME = /^\.(.+)\.[0-9a-f]{16}\.tmp$/;

/**
 * Write, {@linkcode finish}, {@linkcode publish}. Disposed of before it is published, nothing of
 * it is left.
 */
export class StagedFile implements AsyncDisposable {
  readonly #fs: AtomicFileSystem;
  readonly #path: string;
  readonly #file: WritableFile;
  #isOpen = true;
  #isStaged = true;

  private constructor(fs: AtomicFileSystem, path: string, file: WritableFile) {
    this.#fs = fs;
    this.#path = path;
    this.#file = file;
  }

  /**
   * An empty file beside `path`, under a name that starts with a dot and that nobody else has.
   *
   * @throws {Error} what the file system says
   */
  static async create(path: string, options: StagedFileOptions = {}): Promise<StagedFile> {
    const { mode = 0o666, fs = systemFiles, random = systemRandom } = options;
    const name = `.${basename(path)}.${random.bytes(RANDOM_BYTES).toHex()}.tmp`;
    const staged = join(dirname(path), name);
    return new StagedFile(fs, staged, await fs.create(staged, mode));
  }

  /** Where it is until it is published. */
  get path(): string {
    return this.#path;
  }

  /** Appends all of `data`. @throws {Error} what the file system says */
  async write(data: Uint8Array): Promise<void> {
    for (let rest = data; rest.length > 0;) rest = rest.subarray(await this.#file.write(rest));
  }

  /** Makes the content durable; nothing can be written any more. */
  async finish(): Promise<void> {
    await this.#file.sync();
    this.#close();
  }

  /**
   * Takes the place of `path`, in the same file system, whatever is there; a symbolic link is
   * replaced, not followed.
   *
   * When this throws, the old file is untouched, except where syncing the directory failed: then
   * the new one is there, and may or may not survive a crash.
   */
  async publish(path: string): Promise<void> {
    await this.#fs.rename(this.#path, path);
    this.#isStaged = false;
    await this.#fs.syncDirectory(dirname(path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    if (!this.#isStaged) return;
    this.#isStaged = false;
    // What failed before is the error to report; the next start looks for what is left here.
    await this.#fs.remove(this.#path).catch(() => undefined);
  }

  #close(): void {
    if (this.#isOpen) this.#file[Symbol.dispose]();
    this.#isOpen = false;
  }
}
