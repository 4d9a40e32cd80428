/**
 * What a release is made of, as a CycloneDX 1.5 document: the packages that the programs import,
 * what those need, and the runtime.
 *
 * @module
 */

/** The parts of `deno.lock` that are read. */
export interface LockFile {
  readonly npm: Readonly<
    Record<string, { readonly integrity: string; readonly dependencies?: readonly string[] }>
  >;
}

export interface SbomOptions {
  readonly version: string;
  readonly denoVersion: string;
  readonly lock: LockFile;
  /** The imports of `deno.json`: `npm:name@version` by the name that code uses. */
  readonly imports: Readonly<Record<string, string>>;
  /** Text of every source file that becomes part of a program. */
  readonly sources: readonly string[];
}

interface Component {
  readonly type: "library" | "platform";
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
}

/** The document, without what differs from one run to the next. */
export function sbom(options: SbomOptions): Record<string, unknown> {
  const { version, denoVersion, lock } = options;
  const components = [...packagesOf(options)].toSorted().map((key) => componentOf(key, lock));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: { type: "application", name: "portunus", version } },
    components: [...components, { type: "platform", name: "deno", version: denoVersion }],
  };
}

const IMPORT = /\b(?:from|import)\s*\(?\s*"([^"./][^"]*)"/g;

/** Keys of the lock file: what is imported, and what that needs. */
function packagesOf({ lock, imports, sources }: SbomOptions): Set<string> {
  const used = new Set(sources.flatMap((text) => [...text.matchAll(IMPORT)].map(([, it]) => it)));
  const pending = Object.entries(imports)
    .filter(([name]) => [...used].some((it) => it === name || it?.startsWith(`${name}/`)))
    .map(([, target]) => target.replace(/^npm:/, ""));
  const found = new Set<string>();
  for (const wanted of pending) {
    const key = keyOf(wanted, lock);
    if (key === null || found.has(key)) continue;
    found.add(key);
    pending.push(...lock.npm[key]?.dependencies ?? []);
  }
  return found;
}

/** The lock file names a version only where there are several, and adds those of peers. */
function keyOf(wanted: string, { npm }: LockFile): string | null {
  if (Object.hasOwn(npm, wanted)) return wanted;
  return Object.keys(npm).find((key) =>
    key.startsWith(`${wanted}_`) || (!/.@/.test(wanted) && key.startsWith(`${wanted}@`))
  ) ?? null;
}

function componentOf(key: string, { npm }: LockFile): Component {
  const [, name = key, version = ""] = /^(.+?)@([^@_]+)/.exec(key) ?? [];
  const [algorithm, digest = ""] = (npm[key]?.integrity ?? "").split("-", 2);
  const content = Uint8Array.fromBase64(digest).toHex();
  return {
    type: "library",
    name,
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    ...(algorithm === "sha512" ? { hashes: [{ alg: "SHA-512", content }] } : {}),
  };
}
