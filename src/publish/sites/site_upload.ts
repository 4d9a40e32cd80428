/**
 * One upload to a site: files come in as streams, are counted on the way, and appear all together
 * or not at all.
 *
 * @module
 */

import { PortunusError } from "../../core/errors.ts";
import { SITES } from "../../core/publish_limits.ts";
import { mediaTypeOf, SITE_EXTENSIONS } from "./media_types.ts";
import type { SitePath } from "./site_path.ts";
import type { Reservation } from "./site_space.ts";
import type { PendingFile, SiteTree } from "./site_tree.ts";

export interface SiteUploadOptions {
  readonly tree: SiteTree;
  readonly reservation: Reservation;
  readonly maxFileBytes: number;
  /** Gives the files their names, while nothing else changes the site. */
  readonly publish: (files: readonly PendingFile[]) => Promise<void>;
}

/** What an upload brought. */
export interface Uploaded {
  readonly files: number;
  readonly bytes: number;
}

/** Disposed of before {@linkcode commit}, it leaves nothing. */
export class SiteUpload implements AsyncDisposable {
  readonly #options: SiteUploadOptions;
  readonly #pending: PendingFile[] = [];
  #bytes = 0;

  constructor(options: SiteUploadOptions) {
    this.#options = options;
  }

  /**
   * Takes in one file; the memory this needs does not grow with it.
   *
   * @throws {PortunusError} `path_invalid`, `file_type_not_allowed`, `file_too_large`,
   * `site_too_large`, `upload_invalid`
   * @throws what `content` throws
   */
  async add(path: SitePath, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { tree, reservation, maxFileBytes } = this.#options;
    requireFileName(path);
    if (this.#pending.length >= SITES.filesPerUploadMax) {
      throw new PortunusError("upload_invalid", `more than ${SITES.filesPerUploadMax} files`);
    }
    reservation.takeFile();
    const staged = await tree.stage();
    this.#pending.push({ path, staged });
    let size = 0;
    for await (const chunk of content) {
      size += chunk.length;
      if (size > maxFileBytes) throw tooLarge(maxFileBytes);
      reservation.take(chunk.length);
      await staged.write(chunk);
    }
    await staged.finish();
    this.#bytes += size;
  }

  /**
   * The files appear.
   *
   * @throws {PortunusError} `path_in_use`, `upload_invalid`
   */
  async commit(): Promise<Uploaded> {
    await this.#options.publish(this.#pending);
    return { files: this.#pending.length, bytes: this.#bytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _ = this.#options.reservation;
    for (const { staged } of this.#pending) await staged[Symbol.asyncDispose]();
  }
}

/** A length that was announced is refused before the first byte. @throws {PortunusError} */
export function refuseLength(length: number | null, maxFileBytes: number): void {
  if (length !== null && length > maxFileBytes) throw tooLarge(maxFileBytes);
}

function requireFileName(path: SitePath): void {
  const name = path.at(-1);
  if (name === undefined) throw new PortunusError("path_invalid", "the root is no file");
  if (mediaTypeOf(name) !== null) return;
  throw new PortunusError(
    "file_type_not_allowed",
    `${name} (allowed: ${SITE_EXTENSIONS.join(" ")})`,
  );
}

const tooLarge = (max: number): PortunusError =>
  new PortunusError("file_too_large", `at most ${max} bytes a file`);
