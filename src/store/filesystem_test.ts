import assert from "node:assert/strict";
import { errorText } from "../core/errors.ts";
import { mountTmpfs } from "../../tests/kit/tmpfs.ts";
import { checkFilesystem, type FilesystemType } from "./filesystem.ts";

const EXT4 = 0xef53;

/** Knows the types of some paths; the others do not exist. */
function fakeStatfs(types: Readonly<Record<string, number>>): FilesystemType {
  return (path) => {
    const type = types[path];
    if (type === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return type;
  };
}

/** What `checkFilesystem` says; `null` when it accepts. */
function refusal(dataDir: string, typeOf?: FilesystemType): string | null {
  try {
    checkFilesystem(dataDir, typeOf);
    return null;
  } catch (error) {
    return errorText(error);
  }
}

const types: readonly [type: number, name: string | null][] = [
  [0x6969, "nfs"],
  [0x517b, "smbfs"],
  [0xfe534d42, "smb2"],
  [0xff534d42, "cifs"],
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
  [0x65735546, "fuse"],
  [0x00c36400, "ceph"],
  [0x73757245, "ceph"],
  [0x5346414f, "afs"],
  [0x0bd00bd0, "lustre"],
  [EXT4, null],
  [0x58465342, null], // xfs
  [0x9123683e, null], // btrfs
  [0x2fc12fc1, null], // zfs
  [0xf2f52010, null], // f2fs
  [0x794c7630, null], // overlayfs
  [0x12345678, null],
];

for (const [type, name] of types) {
  const number = `0x${type.toString(16)}`;
  Deno.test(`checkFilesystem() ${name === null ? "accepts" : "refuses"} ${number}`, () => {
    const expected = name === null ? null : `unsupported_filesystem: path=/data fs=${name}`;
    assert.equal(refusal("/data", fakeStatfs({ "/data": type })), expected);
  });
}

Deno.test("checkFilesystem() looks at the nearest ancestor that exists", () => {
  const statfs = fakeStatfs({ "/": EXT4, "/mnt": 0x6969, "/mnt/disk": EXT4 });
  assert.equal(refusal("/mnt/disk/a/b", statfs), null);
  assert.equal(refusal("/mnt/a/b", statfs), "unsupported_filesystem: path=/mnt/a/b fs=nfs");
  assert.equal(refusal("/var/a", statfs), null);
});

Deno.test("checkFilesystem() makes a relative path absolute, and names it as it was given", () => {
  const statfs = fakeStatfs({ [Deno.cwd()]: 0x6969 });
  assert.equal(
    refusal("portunus.state", statfs),
    "unsupported_filesystem: path=portunus.state fs=nfs",
  );
});

Deno.test("checkFilesystem() accepts what the system cannot tell", () => {
  assert.equal(refusal("/nothing/exists", fakeStatfs({})), null);
  const broken: FilesystemType = () => {
    throw Object.assign(new Error("not implemented"), { code: "ENOSYS" });
  };
  assert.equal(refusal("/data", broken), null);
});

Deno.test("checkFilesystem() does not take an ancestor's word when the directory cannot be asked", () => {
  const statfs: FilesystemType = (path) => {
    if (path === "/") return 0x01021994;
    throw Object.assign(new Error("permission denied"), { code: "EACCES" });
  };
  assert.equal(refusal("/data", statfs), null);
});

Deno.test("checkFilesystem() refuses a real tmpfs", () => {
  using mount = mountTmpfs("checkFilesystem() on a tmpfs", 1);
  if (!mount) return;
  const inside = `${mount.path}/not/there/yet`;
  assert.equal(refusal(inside), `unsupported_filesystem: path=${inside} fs=tmpfs`);
  assert.equal(refusal(mount.path), `unsupported_filesystem: path=${mount.path} fs=tmpfs`);
});
