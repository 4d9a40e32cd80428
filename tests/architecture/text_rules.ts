/**
 * Rules about text, whatever language it is in, and about the release.
 *
 * @module
 */

import { type Source, violation } from "./source.ts";

/** Put together, so that this file follows its own rules. */
const MARKERS = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"];

const REGISTRY_HOSTS = [
  ["npmjs", "org"],
  ["npmjs", "com"],
  ["yarnpkg", "com"],
  ["jsr", "io"],
  ["esm", "sh"],
  ["unpkg", "com"],
  ["jsdelivr", "net"],
  ["deno", "land/x"],
  ["crates", "io"],
  ["pypi", "org"],
  ["rubygems", "org"],
  ["proxy.golang", "org"],
].map((labels) => labels.join("."));

/** Lines of `source` that `pattern` matches, each with what it matched. */
function matches(source: Source, pattern: RegExp): { line: number; match: string }[] {
  return source.text.split("\n").flatMap((text, index) => {
    const [match] = pattern.exec(text) ?? [];
    return match === undefined ? [] : [{ line: index + 1, match }];
  });
}

/** Notes to oneself that were left behind. */
export function leftoverMarkers(source: Source): string[] {
  return matches(source, new RegExp(`\\b(?:${MARKERS.join("|")})\\b`)).map(({ line, match }) =>
    violation(source.path, line, `${match} was left behind; do it, or say plainly what is so`)
  );
}

/** Hosts of package registries: which one is used is the reader's choice. */
export function registryHosts(source: Source): string[] {
  const hosts = REGISTRY_HOSTS.map((host) => RegExp.escape(host)).join("|");
  const pattern = new RegExp(`(?<![a-z0-9-])(?:${hosts})(?![a-z0-9-])`, "i");
  return matches(source, pattern).map(({ line, match }) =>
    violation(source.path, line, `${match} is a package registry; name the package alone`)
  );
}

/** The release as its files tell it. */
export interface ReleaseFiles {
  /** `VERSION` of `src/core/version.ts`. */
  readonly version: string;
  readonly denoJson: Source;
  /** `null` when there is none. */
  readonly changelog: Source | null;
}

/** Where the files disagree about the version, or say nothing about it. */
export function releaseMismatches({ version, denoJson, changelog }: ReleaseFiles): string[] {
  const found: string[] = [];
  const config: unknown = JSON.parse(denoJson.text);
  const configured = config !== null && typeof config === "object" && "version" in config
    ? config.version
    : undefined;
  if (configured !== version) {
    const text = `version is ${configured}, but src/core/version.ts says ${version}; ` +
      `change both together`;
    found.push(violation(denoJson.path, 1, text));
  }
  if (changelog === null || !hasSection(changelog.text, version)) {
    const text = `has no section for ${version}; write "## ${version}" and what changed`;
    found.push(violation(changelog?.path ?? "CHANGELOG.md", 1, text));
  }
  return found;
}

/** Whether `changelog` has a second-level heading for `version` with text under it. */
function hasSection(changelog: string, version: string): boolean {
  const heading = new RegExp(`^## \\[?v?${RegExp.escape(version)}\\]?(?:\\s.*)?$`);
  const lines = changelog.split("\n");
  const start = lines.findIndex((line) => heading.test(line));
  if (start < 0) return false;
  const body = lines.slice(start + 1);
  const end = body.findIndex((line) => line.startsWith("## "));
  return body.slice(0, end < 0 ? undefined : end).some((line) => /^[^#\s]/.test(line));
}
