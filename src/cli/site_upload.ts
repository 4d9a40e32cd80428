/**
 * `site-upload`: a folder becomes the content of a site, file by file.
 *
 * @module
 */

import { z } from "zod";
import { PortunusError } from "../core/errors.ts";
import { mediaTypeOf } from "../publish/sites/media_types.ts";
import { parseSitePath } from "../publish/sites/site_path.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { SiteFileAnswer } from "./answers.ts";
import { apiPath } from "./api_path.ts";
import { CommandError } from "./command_error.ts";
import type { HttpFlags } from "./flags.ts";
import { type ApiOptions, callApi, fetchAnswer } from "./http_client.ts";
import { filesBelow, type LocalFile, readFile } from "./local_files.ts";
import { resolveSite, siteApi } from "./sites.ts";

export interface SiteUploadFlags extends HttpFlags {
  readonly site: string;
  readonly folder: string;
  readonly all?: true;
}

/** A file may take its time as long as it moves; see {@linkcode callApi}. */
const ANSWER_MS = 60_000;

/** `site-upload` */
export async function uploadSite(flags: SiteUploadFlags, io: ProcessIo): Promise<number> {
  const files = await localFiles(flags.folder);
  const taken = files.filter((file) => isTaken(file, io));
  const api = siteApi(flags, io);
  const { id, fqdn } = await resolveSite(api, flags.site);
  const remote = new RemoteSite(api, id);
  let [uploaded, unchanged, bytes] = [0, 0, 0];
  for (const file of taken) {
    if (flags.all !== true && await remote.has(file)) {
      unchanged += 1;
      continue;
    }
    await remote.put(file, (sent) => {
      io.status(
        `upload: ${uploaded + unchanged + 1} of ${taken.length} files, ${bytes + sent} bytes`,
      );
    });
    uploaded += 1;
    bytes += file.size;
  }
  io.status("");
  const skipped = files.length - taken.length;
  io.out(
    `site=${fqdn} uploaded=${uploaded} bytes=${bytes} unchanged=${unchanged} skipped=${skipped}`,
  );
  return 0;
}

async function localFiles(folder: string): Promise<LocalFile[]> {
  try {
    return (await Array.fromAsync(filesBelow(folder)))
      .sort((a, b) => a.path.join("/") < b.path.join("/") ? -1 : 1);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new CommandError(`error: ${folder}: ${text}`, 1);
  }
}

/** Whether the server would take a file; those that it would not are named. */
function isTaken({ path }: LocalFile, io: ProcessIo): boolean {
  const text = path.join("/");
  try {
    parseSitePath(text);
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    io.err(`skipped: ${text}: ${error.detail ?? error.code}`);
    return false;
  }
  if (mediaTypeOf(path.at(-1) ?? "") !== null) return true;
  io.err(`skipped: ${text}: no kind of file that a site may have`);
  return false;
}

/** What the server has of a site, as far as was asked. */
class RemoteSite {
  readonly #api: ApiOptions;
  readonly #siteId: string;
  readonly #directories = new Map<string, readonly z.output<typeof SiteFileAnswer>[]>();

  constructor(api: ApiOptions, siteId: string) {
    this.#api = api;
    this.#siteId = siteId;
  }

  /** Whether it has a file of this size that came there after the local one was last changed. */
  async has({ path, size, modifiedAtMs }: LocalFile): Promise<boolean> {
    const directory = path.slice(0, -1).join("/").normalize("NFC");
    const name = path.at(-1)?.normalize("NFC");
    const entries = this.#directories.get(directory) ?? await this.#list(directory);
    this.#directories.set(directory, entries);
    return entries.some((it) =>
      it.name === name && it.size === size && Date.parse(it.modified_at) >= modifiedAtMs
    );
  }

  async put(file: LocalFile, onSent: (bytes: number) => void): Promise<void> {
    const path = apiPath`/sites/${this.#siteId}/files?path=${file.path.join("/")}`;
    await callApi(this.#api, {
      method: "PUT",
      path,
      file: { content: counted(readFile(file), onSent), length: file.size },
      extraTimeoutMs: ANSWER_MS,
    });
  }

  async #list(directory: string) {
    const root = apiPath`/sites/${this.#siteId}/files`;
    const path = directory === "" ? root : `${root}?path=${encodeURIComponent(directory)}`;
    try {
      return await fetchAnswer(this.#api, { method: "GET", path }, z.array(SiteFileAnswer));
    } catch (error) {
      if (error instanceof CommandError && error.message.includes("site_file_not_found")) return [];
      throw error;
    }
  }
}

async function* counted(
  content: AsyncIterable<Uint8Array>,
  onSent: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  onSent(sent);
  for await (const chunk of content) {
    yield chunk;
    sent += chunk.length;
    onSent(sent);
  }
}
