/**
 * Our version, and how versions of peers are compared.
 *
 * @module
 */

/** The release, as `--version`, `Hello` and `Welcome` say it. */
export const VERSION = "3.2.0";

/** The version of the wire protocol in `Hello.protocol_version`; logged by servers, never checked. */
export const PROTOCOL_VERSION = "1.0.0";

/** A version as the capability gates see it: everything after the minor number is ignored. */
export interface MajorMinor {
  readonly major: number;
  readonly minor: number;
}

/** Reads `MAJOR.MINOR…`, cut at the first `-` or `+`; a part that is no number counts as 0. */
export function parseMajorMinor(version: string): MajorMinor {
  const [major, minor] = version.split(/[-+]/, 1)[0]?.split(".") ?? [];
  const part = (text: string | undefined) =>
    text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
  return { major: part(major), minor: part(minor) };
}

/** Whether `version` is `least` or newer. */
export function atLeast(version: string, least: MajorMinor): boolean {
  const { major, minor } = parseMajorMinor(version);
  return major !== least.major ? major > least.major : minor >= least.minor;
}
