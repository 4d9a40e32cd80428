/**
 * How much of a site's limits is taken, uploads under way included.
 *
 * @module
 */

import { PortunusError } from "../../core/errors.ts";
import { SITES } from "../../core/publish_limits.ts";
import type { SiteSize } from "./site_tree.ts";

/** Bytes that one upload holds until they are used or given back. */
export interface Reservation extends Disposable {
  /**
   * Takes more.
   *
   * @throws {PortunusError} `site_too_large`
   */
  take(bytes: number): void;
  /** Takes room for a file. @throws {PortunusError} `site_too_large` */
  takeFile(): void;
}

/** Uploads to one site share what is left: together they cannot take more than there is. */
export class SiteSpace {
  #bytes: number;
  #entries: number;
  #reservedBytes = 0;
  #reservedFiles = 0;

  constructor({ bytes, entries }: SiteSize) {
    this.#bytes = bytes;
    this.#entries = entries;
  }

  /** What is stored. */
  get size(): SiteSize {
    return { bytes: this.#bytes, entries: this.#entries };
  }

  /** @param maxBytes of the whole site, asked anew each time */
  reserve(maxBytes: () => number): Reservation {
    let [bytes, files] = [0, 0];
    return {
      take: (more) => {
        if (this.#bytes + this.#reservedBytes + more > maxBytes()) {
          throw new PortunusError("site_too_large", `at most ${maxBytes()} bytes in all`);
        }
        this.#reservedBytes += more;
        bytes += more;
      },
      takeFile: () => {
        if (this.#entries + this.#reservedFiles >= SITES.entriesMax) {
          const text = `at most ${SITES.entriesMax} files and directories`;
          throw new PortunusError("site_too_large", text);
        }
        this.#reservedFiles += 1;
        files += 1;
      },
      [Symbol.dispose]: () => {
        this.#reservedBytes -= bytes;
        this.#reservedFiles -= files;
        [bytes, files] = [0, 0];
      },
    };
  }

  /** Forgets what was counted for what was added up. */
  set({ bytes, entries }: SiteSize): void {
    this.#bytes = bytes;
    this.#entries = entries;
  }

  /** Counts what was stored, or with negative numbers what was deleted. */
  add({ bytes, entries }: SiteSize): void {
    this.#bytes = Math.max(0, this.#bytes + bytes);
    this.#entries = Math.max(0, this.#entries + entries);
  }
}
