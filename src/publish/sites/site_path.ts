/**
 * Paths of files in a site, as strangers write them. Pure: what lies on the disk is the business
 * of `site_tree.ts`.
 *
 * @module
 */

import { SITES } from "../../core/publish_limits.ts";
import { PortunusError } from "../../core/errors.ts";

/**
 * Names from the root of a site to a file or directory; none for the root itself. Every name is
 * safe to be joined to a path, and in Unicode's normal form C, so that one file has one path
 * whichever system it was uploaded from.
 */
export type SitePath = readonly string[];

const utf8 = new TextEncoder();
const octets = (text: string): number => utf8.encode(text).length;

/** Control characters, those of the upper half included, and what separates names elsewhere. */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\\]/;

/** What is left of a name that was encoded twice. */
const ENCODED = /%[0-9a-f]{2}/i;

/**
 * Reads a path that is decoded already.
 *
 * @throws {PortunusError} `path_invalid`
 */
export function parseSitePath(text: string): SitePath {
  if (!text.isWellFormed()) throw invalid("it is not Unicode");
  const path = text.normalize("NFC");
  if (octets(path) > SITES.pathMaxBytes) {
    throw invalid(`it is longer than ${SITES.pathMaxBytes} bytes`);
  }
  const names = path.split("/");
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== null) throw invalid(problem);
  }
  return names;
}

/** What is wrong with a name of a path; `null` for nothing. */
function nameProblem(name: string): string | null {
  if (name === "") return "a name in it is empty";
  if (name.startsWith(".")) return "a name in it begins with a dot";
  if (name.endsWith(".")) return "a name in it ends with a dot";
  if (name.trim() !== name) return "a name in it begins or ends with white space";
  if (FORBIDDEN.test(name)) return "it has a control character or a backslash";
  if (ENCODED.test(name)) return "a name in it is percent-encoded";
  if (octets(name) > SITES.nameMaxBytes) {
    return `a name in it is longer than ${SITES.nameMaxBytes} bytes`;
  }
  return null;
}

/** {@linkcode parseSitePath} of a directory; nothing and an empty text are the root. */
export function parseSiteDirectory(text: string | undefined): SitePath {
  return text === undefined || text === "" ? [] : parseSitePath(text);
}

/** What a URL's path asks for. */
export interface RequestedPath {
  readonly path: SitePath;
  /** Whether it ends with a slash, as that of a directory does. */
  readonly isDirectory: boolean;
}

/**
 * Reads the path of a request to a site, which is decoded once. `null` for one that no file of a
 * site can have.
 */
export function parseRequestPath(pathname: string): RequestedPath | null {
  let text: string;
  try {
    text = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (!text.startsWith("/")) return null;
  const isDirectory = text.endsWith("/");
  const inner = text.slice(1, isDirectory ? -1 : undefined);
  if (inner === "") return text === "/" ? { path: [], isDirectory } : null;
  try {
    return { path: parseSitePath(inner), isDirectory };
  } catch (error) {
    if (error instanceof PortunusError && error.code === "path_invalid") return null;
    throw error;
  }
}

function invalid(why: string): PortunusError {
  return new PortunusError("path_invalid", `cannot take this path: ${why}`);
}
