/**
 * The files of sites as strangers ask for them: paths are texts, contents are streams.
 *
 * @module
 */

import { PortunusError } from "../../core/errors.ts";
import { multipartFiles } from "./multipart.ts";
import { parseSiteDirectory, parseSitePath, type SitePath } from "./site_path.ts";
import type { SiteStorage } from "./site_storage.ts";
import type { SiteEntry } from "./site_tree.ts";
import { refuseLength, type Uploaded } from "./site_upload.ts";

/** Bytes that come in. */
export interface IncomingBody {
  readonly content: AsyncIterable<Uint8Array> | null;
  /** The header of that name; `undefined` without one. */
  readonly contentType: string | undefined;
  /** How many bytes are announced; `null` where nothing is said. */
  readonly length: number | null;
}

export class SiteFiles {
  readonly #storage: SiteStorage;
  readonly #maxFileBytes: () => number;

  constructor(storage: SiteStorage, maxFileBytes: () => number) {
    this.#storage = storage;
    this.#maxFileBytes = maxFileBytes;
  }

  /**
   * The entries of a directory, the root if none is named.
   *
   * @throws {PortunusError} `path_invalid`, `path_in_use`, `site_file_not_found`
   */
  async list(
    siteId: string,
    directory: string | undefined,
  ): Promise<{ readonly path: SitePath; readonly entries: readonly SiteEntry[] }> {
    const path = parseSiteDirectory(directory);
    return { path, entries: await this.#storage.list(siteId, path) };
  }

  /**
   * Replaces one file.
   *
   * @throws {PortunusError} `path_invalid`, `path_in_use`, `file_type_not_allowed`,
   * `file_too_large`, `site_too_large`
   */
  async put(
    siteId: string,
    pathText: string,
    { content, length }: IncomingBody,
  ): Promise<Uploaded> {
    const path = parseSitePath(pathText);
    refuseLength(length, this.#maxFileBytes());
    await using upload = await this.#storage.upload(siteId);
    await upload.add(path, content ?? ReadableStream.from([]));
    return await upload.commit();
  }

  /**
   * Takes all files of a form into a directory, or none.
   *
   * @throws {PortunusError} as {@linkcode put}; `upload_invalid`
   */
  async putForm(
    siteId: string,
    directory: string | undefined,
    { content, contentType = "" }: IncomingBody,
  ): Promise<Uploaded> {
    const base = parseSiteDirectory(directory);
    if (content === null) throw new PortunusError("upload_invalid", "the body is missing");
    await using upload = await this.#storage.upload(siteId);
    for await (const file of multipartFiles(contentType, content)) {
      await upload.add(parseSitePath([...base, file.filename].join("/")), file.content);
    }
    return await upload.commit();
  }

  /**
   * Deletes a file or directory; one that is not there is deleted already.
   *
   * @throws {PortunusError} `path_invalid`, `path_in_use`
   */
  async remove(siteId: string, path: string): Promise<void> {
    await this.#storage.remove(siteId, parseSitePath(path));
  }
}
