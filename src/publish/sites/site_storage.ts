/**
 * The files of all sites: `<sites_dir>/<id>/`.
 *
 * @module
 */

import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { PortunusError } from "../../core/errors.ts";
import { KeyedMutex } from "../../core/keyed_mutex.ts";
import { removeLeftovers } from "../../system/leftovers.ts";
import type { Random } from "../../system/random.ts";
import type { AtomicFileSystem } from "../../system/staged_file.ts";
import { DEFAULT_PAGE } from "./pages.ts";
import type { SitePath } from "./site_path.ts";
import { SiteSpace } from "./site_space.ts";
import { type SiteEntry, type SiteSize, SiteTree } from "./site_tree.ts";
import { SiteUpload } from "./site_upload.ts";

/** Bounds of what is uploaded, in bytes; they can change at any time. */
export interface SiteLimits {
  readonly maxSiteSizeBytes: number;
  readonly maxFileSizeBytes: number;
}

export interface SiteStorageOptions {
  readonly directory: string;
  readonly limits: () => SiteLimits;
  readonly clock: Clock;
  readonly random: Random;
  /** Hears how large a site is whenever that changes. */
  readonly onSize: (siteId: string, bytes: number) => void;
  readonly fs?: AtomicFileSystem;
}

const utf8 = new TextEncoder();

/** Sites are named by ids of ours, which are safe as names of directories. */
export class SiteStorage {
  readonly #options: SiteStorageOptions;
  readonly #mutex = new KeyedMutex();
  readonly #spaces = new Map<string, SiteSpace>();
  /** Without links, once it is known to be there. */
  #directory: string;

  constructor(options: SiteStorageOptions) {
    this.#options = options;
    this.#directory = options.directory;
  }

  /** Makes the directory that all sites are in, and removes what killed uploads left there. */
  async prepare(): Promise<void> {
    const { directory, clock } = this.#options;
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    this.#directory = await Deno.realPath(directory);
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      if (isDirectory) await removeLeftovers(join(directory, name), { clock, directories: true });
    }
  }

  /** Where the files of a site are; a real path once all is prepared. */
  rootOf(siteId: string): string {
    return join(this.#directory, siteId);
  }

  /** The directory of a new site, with a page to begin with. */
  async create(siteId: string): Promise<void> {
    await this.#mutex.withLock(siteId, async () => {
      await Deno.mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await SiteTree.create(this.#tree(siteId));
    });
    await using upload = await this.upload(siteId);
    await upload.add(["index.html"], ReadableStream.from([utf8.encode(DEFAULT_PAGE)]));
    await upload.commit();
  }

  /** Deletes a site's files, if there are any. */
  async destroy(siteId: string): Promise<void> {
    await this.#mutex.withLock(siteId, async () => {
      this.#spaces.delete(siteId);
      try {
        await (await SiteTree.open(this.#tree(siteId))).destroy();
      } catch (error) {
        if (!(error instanceof PortunusError && error.code === "site_not_found")) throw error;
      }
    });
  }

  /** @throws {PortunusError} `site_not_found`, `site_file_not_found`, `path_in_use` */
  async list(siteId: string, path: SitePath): Promise<SiteEntry[]> {
    return await (await SiteTree.open(this.#tree(siteId))).list(path);
  }

  /** @throws {PortunusError} `site_not_found`, `path_invalid` for the root, `path_in_use` */
  async remove(siteId: string, path: SitePath): Promise<void> {
    await this.#mutex.withLock(siteId, async () => {
      const tree = await SiteTree.open(this.#tree(siteId));
      const space = await this.#space(siteId, tree);
      const { bytes, entries } = await tree.remove(path);
      this.#count(siteId, space, { bytes: -bytes, entries: -entries });
    });
  }

  /**
   * Begins an upload. Others may go on at the same time; only when they appear they take turns.
   *
   * @throws {PortunusError} `site_not_found`
   */
  async upload(siteId: string): Promise<SiteUpload> {
    const { limits } = this.#options;
    const tree = await SiteTree.open(this.#tree(siteId));
    const space = await this.#mutex.withLock(siteId, () => this.#space(siteId, tree));
    const reservation = space.reserve(() => limits().maxSiteSizeBytes);
    return new SiteUpload({
      tree,
      reservation,
      maxFileBytes: limits().maxFileSizeBytes,
      publish: (files) =>
        this.#mutex.withLock(siteId, async () => {
          const added = await tree.publish(files).catch(async (error) => {
            // Some of them may be there.
            space.set(await tree.measure());
            throw error;
          });
          reservation[Symbol.dispose]();
          this.#count(siteId, space, added);
        }),
    });
  }

  #tree(siteId: string) {
    const { random, fs } = this.#options;
    return { root: this.rootOf(siteId), random, fs };
  }

  /** What is taken of a site; its files are added up once. */
  async #space(siteId: string, tree: SiteTree): Promise<SiteSpace> {
    const known = this.#spaces.get(siteId);
    if (known !== undefined) return known;
    const space = new SiteSpace(await tree.measure());
    this.#spaces.set(siteId, space);
    return space;
  }

  #count(siteId: string, space: SiteSpace, change: SiteSize): void {
    space.add(change);
    this.#options.onSize(siteId, space.size.bytes);
  }
}
