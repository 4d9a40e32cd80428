/**
 * Refuses file systems on which SQLite's write-ahead log is not safe or not kept.
 *
 * @module
 */

import { statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { PortunusError } from "../core/errors.ts";

/** `f_type` of statfs(2) for network and memory file systems. */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x6969, "nfs"],
  [0x517b, "smbfs"],
  [0xfe534d42, "smb2"],
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
  [0x65735546, "fuse"],
  [0x73757245, "ceph"],
]);

/** Type number of the file system that `path` is on. Throws when `path` does not exist. */
export type FilesystemType = (path: string) => number;

const systemType: FilesystemType = (path) => statfsSync(path).type >>> 0;

/**
 * Looks at the data directory, or at its nearest ancestor that exists. Types that are not known
 * to be bad are accepted, and so is a system that cannot tell.
 *
 * @throws {PortunusError} `unsupported_filesystem`
 */
export function checkFilesystem(dataDir: string, typeOf: FilesystemType = systemType): void {
  const name = REFUSED.get(nearestType(resolve(dataDir), typeOf) ?? -1);
  if (name !== undefined) {
    throw new PortunusError("unsupported_filesystem", `path=${dataDir} fs=${name}`);
  }
}

function nearestType(path: string, typeOf: FilesystemType): number | null {
  try {
    return typeOf(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? null : nearestType(parent, typeOf);
  }
}
