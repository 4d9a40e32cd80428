/**
 * Refuses file systems on which SQLite's write-ahead log is not safe or not kept.
 *
 * @module
 */

import { statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { PortunusError } from "../core/errors.ts";

/** `f_type` of statfs(2) for network and memory file systems (linux/magic.h). */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x6969, "nfs"],
  [0x517b, "smbfs"],
  [0xfe534d42, "smb2"],
  [0xff534d42, "cifs"],
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
  [0x65735546, "fuse"],
  [0x00c36400, "ceph"],
  // Coda's number; 3.1.0 says ceph.
  [0x73757245, "ceph"],
  [0x5346414f, "afs"],
  [0x0bd00bd0, "lustre"],
]);

/**
 * Type number of the file system that `path` is on.
 *
 * @throws an error whose `code` is `ENOENT` when `path` does not exist
 */
export type FilesystemType = (path: string) => number;

/** The field is signed on some machines. */
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
  } catch (error) {
    const parent = dirname(path);
    return isNotFound(error) && parent !== path ? nearestType(parent, typeOf) : null;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
