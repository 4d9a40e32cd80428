/**
 * A release: an archive for each system with the programs and all that installs them, checksums,
 * and what it is made of.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { writeFileAtomic } from "../../src/system/atomic_file.ts";
import { type ArchiveEntry, tarGz } from "./archive.ts";
import { DIST, ROOT, VERSION } from "./project.ts";
import { type LockFile, sbom } from "./sbom.ts";

/** Where releases are put. */
export const RELEASE_DIR = `${DIST}/release`;

const DOCUMENTS = ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"];
const PACKAGING = `${ROOT}scripts/packaging`;

/** Files and their names in an archive, whatever the system. */
export async function commonFiles(): Promise<ArchiveEntry[]> {
  const entries = await Promise.all([
    ...DOCUMENTS.map((name) => entry(`${ROOT}${name}`, name)),
    ...[...filesIn(`${ROOT}docs`)].map((name) => entry(`${ROOT}docs/${name}`, `docs/${name}`)),
    ...[...filesIn(`${ROOT}examples`)].map((name) =>
      entry(`${ROOT}examples/${name}`, `examples/${name}`)
    ),
    ...[...filesIn(PACKAGING)].map((name) => entry(`${PACKAGING}/${name}`, name)),
  ]);
  return entries;
}

/** Packs the programs at `binaries` for `target`; returns the archive's path. */
export async function packRelease(
  target: string,
  binaries: readonly string[],
  common: readonly ArchiveEntry[],
): Promise<string> {
  const base = `portunus-${VERSION}-${target}`;
  const programs = await Promise.all(binaries.map((path) => entry(path, basename(path), true)));
  const sums = programs.map(({ path, data }) => `${sha256(data)}  ${path}\n`).join("");
  const all = [...programs, ...common, {
    path: "SHA256SUMS",
    data: new TextEncoder().encode(sums),
  }];
  const archive = await tarGz(all.map((it) => ({ ...it, path: `${base}/${it.path}` })));
  const output = `${RELEASE_DIR}/${base}.tar.gz`;
  await writeFileAtomic(output, archive, { createParents: true });
  return output;
}

/** Writes the list of checksums that the installer verifies archives with. */
export async function writeChecksums(archives: readonly string[]): Promise<string> {
  const lines = await Promise.all(
    archives.map(async (path) => `${sha256(await Deno.readFile(path))}  ${basename(path)}\n`),
  );
  const output = `${RELEASE_DIR}/portunus-${VERSION}-checksums.txt`;
  await writeFileAtomic(output, lines.toSorted().join(""), { createParents: true });
  return output;
}

/** Writes the bill of materials. */
export async function writeSbom(): Promise<string> {
  const lock: LockFile = JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`));
  const paths = ["src", "ui"].flatMap((folder) =>
    [...filesIn(`${ROOT}${folder}`)].map((name) => `${ROOT}${folder}/${name}`)
  ).filter((path) => /\.tsx?$/.test(path) && !/_test\.tsx?$/.test(path));
  const sources = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  const { imports } = config;
  const document = sbom({
    version: VERSION,
    denoVersion: Deno.version.deno,
    lock,
    imports,
    sources,
  });
  const output = `${RELEASE_DIR}/portunus-${VERSION}.cdx.json`;
  await writeFileAtomic(output, `${JSON.stringify(document, null, 2)}\n`, { createParents: true });
  return output;
}

async function entry(from: string, path: string, executable = path.endsWith(".sh")) {
  return { path, data: await Deno.readFile(from), executable };
}

/** Names of files below `directory`, with `/`. */
function* filesIn(directory: string, prefix = ""): Generator<string, void, undefined> {
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    if (name === "dist") continue;
    if (isDirectory) yield* filesIn(`${directory}/${name}`, `${prefix}${name}/`);
    else yield `${prefix}${name}`;
  }
}

const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
