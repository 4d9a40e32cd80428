/**
 * Deterministic tar.gz archives: the same files give the same bytes, so that a digest names them.
 *
 * @module
 */

import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** A regular file of an archive. */
export interface ArchiveEntry {
  /** Relative path with `/`, at most 100 ASCII characters. */
  readonly path: string;
  readonly data: Uint8Array;
  readonly executable?: boolean;
}

/** A tar.gz archive of `entries`, in the order of their paths. */
export async function tarGz(entries: readonly ArchiveEntry[]): Promise<Uint8Array<ArrayBuffer>> {
  const sorted = entries.toSorted((a, b) => a.path < b.path ? -1 : 1);
  const blocks = sorted.flatMap((entry) => [header(entry), padded(entry.data)]);
  const end = new Uint8Array(2 * BLOCK);
  const tar = new Uint8Array(await new Blob([...blocks, end]).arrayBuffer());
  return new Uint8Array(await promisify(gzip)(tar));
}

const BLOCK = 512;

function padded(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = new Uint8Array(Math.ceil(data.length / BLOCK) * BLOCK);
  blocks.set(data);
  return blocks;
}

/** The ustar header (POSIX.1-1988, `pax(1)`) of a file of user 0 from the epoch. */
function header({ path, data, executable = false }: ArchiveEntry): Uint8Array<ArrayBuffer> {
  if (!/^[\x21-\x7e]{1,100}$/.test(path)) throw new RangeError(`Cannot archive path "${path}"`);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  const fields = [
    path.padEnd(100, "\0"),
    octal(executable ? 0o755 : 0o644, 8),
    octal(0, 8),
    octal(0, 8),
    octal(data.length, 12),
    octal(0, 12),
    " ".repeat(8),
    "0".padEnd(101, "\0"),
    "ustar\x0000",
  ];
  const block = new Uint8Array(BLOCK);
  const utf8 = new TextEncoder();
  utf8.encodeInto(fields.join(""), block);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  utf8.encodeInto(`${octal(checksum, 7)} `, block.subarray(148));
  return block;
}
