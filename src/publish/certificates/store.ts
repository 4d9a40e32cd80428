/**
 * Certificates as files.
 *
 * `<directory>/<host>/<n>.key` and `<n>.crt` are the certificate of a host. A pair cannot be replaced
 * at once, so a new one gets the next number, key first: it counts when both are there, and the
 * last one that can be read is in use. `<directory>/wildcard/<domain>.crt` and `.key` are what an
 * operator supplies for the names right below a domain. No host is called `wildcard`, nor `acme`:
 * host names have a dot.
 *
 * @module
 */

import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { writeFileAtomic } from "../../system/atomic_file.ts";
import { removeLeftovers } from "../../system/leftovers.ts";
import { type CheckedPair, checkPair, type PemPair } from "./pair.ts";

export interface CertificateStoreOptions {
  /** `certs_dir`. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const NUMBERED = /^(\d{1,9})\.(crt|key)$/;
const WILDCARDS = "wildcard";

export class CertificateStore {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor({ directory, clock, logger }: CertificateStoreOptions) {
    this.#directory = directory;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * The certificate of each host that has one. What cannot be read is logged and passed over.
   *
   * @throws {Error} when the directory cannot be read or made
   */
  async load(): Promise<Map<string, CheckedPair>> {
    await Deno.mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const found = new Map<string, CheckedPair>();
    for await (const { name, isDirectory } of Deno.readDir(this.#directory)) {
      if (!isDirectory || !name.includes(".")) continue;
      await removeLeftovers(join(this.#directory, name), { clock: this.#clock });
      const pair = await this.#newest(name);
      if (pair !== null) found.set(name, pair);
    }
    return found;
  }

  /** The operator's certificates by domain. What cannot be used is logged and passed over. */
  async loadWildcards(): Promise<Map<string, CheckedPair>> {
    const found = new Map<string, CheckedPair>();
    for (const name of await namesIn(join(this.#directory, WILDCARDS))) {
      const domain = /^(.+)\.crt$/.exec(name)?.[1];
      if (domain === undefined) continue;
      const path = join(this.#directory, WILDCARDS, domain);
      const pair = await this.#read(path);
      if (pair === null) continue;
      if (pair.names.includes(`*.${domain}`)) found.set(domain, pair);
      else this.#unusable(`${path}.crt`, `it does not name *.${domain}`);
    }
    return found;
  }

  /**
   * Keeps `pair` as the certificate of `host`, in place of an earlier one.
   *
   * @throws {Error} what the file system says; the earlier one is in place then
   */
  async save(host: string, pair: PemPair): Promise<void> {
    const directory = join(this.#directory, host);
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    const before = await numbersIn(directory);
    const path = join(directory, String(Math.max(0, ...before) + 1));
    await writeFileAtomic(`${path}.key`, pair.keyPem, { mode: 0o600 });
    await writeFileAtomic(`${path}.crt`, pair.certPem, { mode: 0o644 });
    for (const number of before) await removePair(join(directory, String(number)));
  }

  /** Forgets the certificate of `host`. */
  async remove(host: string): Promise<void> {
    await Deno.remove(join(this.#directory, host), { recursive: true }).catch(passNotFound);
  }

  /** The last pair of `host` that can be read; what came before it is removed. */
  async #newest(host: string): Promise<CheckedPair | null> {
    const directory = join(this.#directory, host);
    const numbers = (await numbersIn(directory)).toSorted((a, b) => b - a);
    for (const [i, number] of numbers.entries()) {
      const path = join(directory, String(number));
      const pair = await this.#read(path);
      if (pair === null) continue;
      for (const old of numbers.slice(i + 1)) await removePair(join(directory, String(old)));
      return pair;
    }
    return null;
  }

  async #read(path: string): Promise<CheckedPair | null> {
    try {
      const [certPem, keyPem] = await Promise.all([
        Deno.readTextFile(`${path}.crt`),
        Deno.readTextFile(`${path}.key`),
      ]);
      return checkPair({ certPem, keyPem });
    } catch (error) {
      this.#unusable(`${path}.crt`, error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  #unusable(path: string, error: string): void {
    this.#logger.warn("publish.certificate_unusable", { path, error });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).toSorted();
  } catch (error) {
    passNotFound(error);
    return [];
  }
}

/** The numbers that have a key or a certificate, each once. */
async function numbersIn(directory: string): Promise<number[]> {
  const numbers = (await namesIn(directory)).flatMap((name) => {
    const number = NUMBERED.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  return [...new Set(numbers)];
}

/** The certificate first: without its key it would be reported as broken. */
async function removePair(path: string): Promise<void> {
  await Deno.remove(`${path}.crt`).catch(passNotFound);
  await Deno.remove(`${path}.key`).catch(passNotFound);
}

function passNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
