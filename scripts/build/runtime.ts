/**
 * The Deno executable that a self-extracting file carries.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { writeFileAtomic } from "../../src/system/atomic_file.ts";
import { tarGz } from "./archive.ts";
import { run } from "./command.ts";
import { CACHE, exists } from "./project.ts";

/** npm packages that hold the executable, by the name `deno compile --target` gives the system. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ["x86_64-unknown-linux-gnu", "@deno/linux-x64-glibc"],
  ["aarch64-unknown-linux-gnu", "@deno/linux-arm64-glibc"],
  ["x86_64-apple-darwin", "@deno/darwin-x64"],
  ["aarch64-apple-darwin", "@deno/darwin-arm64"],
]);

/** Systems that self-extracting files can be built for. */
export const SELF_EXTRACTING_TARGETS: readonly string[] = [...PACKAGES.keys()];

/** The packed runtime for `target`, from the cache when it is there. */
export async function runtimeArchive(target: string): Promise<Uint8Array<ArrayBuffer>> {
  const executable = await runtimeExecutable(target);
  const data = await Deno.readFile(executable);
  const digest = createHash("sha256").update(data).digest("hex");
  const cached = `${CACHE}/runtime-${digest}.tar.gz`;
  if (exists(cached)) return await Deno.readFile(cached);
  const archive = await tarGz([{ path: "deno", data, executable: true }]);
  await writeFileAtomic(cached, archive, { createParents: true });
  return archive;
}

/** Path of a Deno executable for `target`, of the version that runs this. */
async function runtimeExecutable(target: string): Promise<string> {
  if (target === Deno.build.target) return Deno.execPath();
  const name = PACKAGES.get(target);
  if (name === undefined) {
    throw new RangeError(
      `Cannot build a self-extracting file for ${target}: not one of ${
        SELF_EXTRACTING_TARGETS.join(", ")
      }`,
    );
  }
  const version = Deno.version.deno;
  const cached = `${CACHE}/deno-${version}-${target}`;
  if (!exists(cached)) {
    const directory = await Deno.makeTempDir({ prefix: "portunus-runtime-" });
    try {
      const tarball = (await run(["npm", "pack", "--loglevel=error", `${name}@${version}`], {
        cwd: directory,
      })).trim();
      await run(["tar", "-xzf", tarball, "package/deno"], { cwd: directory });
      await writeFileAtomic(cached, await Deno.readFile(`${directory}/package/deno`), {
        createParents: true,
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
  return cached;
}
