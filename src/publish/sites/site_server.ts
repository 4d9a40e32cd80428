/**
 * Answers requests with the files of a site.
 *
 * @module
 */

import { mediaTypeOf } from "./media_types.ts";
import { evaluate } from "./http_conditions.ts";
import { NOT_FOUND_PAGE } from "./pages.ts";
import { openSiteFile, type SiteFile } from "./site_file.ts";
import { parseRequestPath, type SitePath } from "./site_path.ts";

/** How a site is served. */
export interface ServedSite {
  /** Its directory, as a real path. */
  readonly root: string;
  /** Whether paths that there are not show the first page, whose script knows what to do. */
  readonly spaMode: boolean;
  /** Whether only some may see it, so that nobody on the way may keep it. */
  readonly isProtected: boolean;
}

const HEADERS = { "X-Frame-Options": "SAMEORIGIN", "X-Content-Type-Options": "nosniff" } as const;
const INDEX = "index.html";
const NOT_FOUND = "404.html";

/** A file to answer with. */
interface Found {
  readonly file: SiteFile;
  readonly name: string;
}

/** Answers `request`. @throws what the file system says, beyond that something is not there */
export function serveSite(site: ServedSite, request: Request): Response {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { ...HEADERS, Allow: "GET, HEAD" } });
  }
  const { pathname, search } = new URL(request.url);
  const requested = parseRequestPath(pathname);
  const found = requested && look(site, requested.path, requested.isDirectory);
  if (found === "directory") {
    return new Response(null, {
      status: 301,
      headers: { ...HEADERS, Location: `${pathname}/${search}` },
    });
  }
  if (found !== null) return answer(site, request, found);
  const fallback = site.spaMode ? look(site, [], true) : null;
  if (fallback !== null && fallback !== "directory") return answer(site, request, fallback);
  return notFound(site, request);
}

/** The file for a path; `directory` for that of one without its slash. */
function look(site: ServedSite, path: SitePath, isDirectory: boolean): Found | "directory" | null {
  const whole = isDirectory ? [...path, INDEX] : path;
  const file = openSiteFile(site.root, whole);
  if (file === "directory") return isDirectory ? null : file;
  return file && { file, name: whole.at(-1) ?? "" };
}

function answer(site: ServedSite, request: Request, { file, name }: Found): Response {
  const verdict = evaluate(request, file);
  const headers = new Headers({
    ...HEADERS,
    // Asked again each time, and answered with 304: an upload shows at once.
    "Cache-Control": cacheControl(site),
    ETag: file.etag,
    "Last-Modified": new Date(file.modifiedAtMs).toUTCString(),
    "Accept-Ranges": "bytes",
  });
  switch (verdict.kind) {
    case "not_modified":
      file[Symbol.dispose]();
      return new Response(null, { status: 304, headers });
    case "precondition_failed":
      file[Symbol.dispose]();
      return new Response(null, { status: 412, headers });
    case "unsatisfiable":
      file[Symbol.dispose]();
      headers.set("Content-Range", `bytes */${file.size}`);
      return new Response(null, { status: 416, headers });
    case "range": {
      const { first, last } = verdict;
      headers.set("Content-Range", `bytes ${first}-${last}/${file.size}`);
      return send(request, { file, name }, {
        headers,
        status: 206,
        first,
        length: last - first + 1,
      });
    }
    case "full":
      return send(request, { file, name }, { headers, status: 200, first: 0, length: file.size });
    default:
      return verdict satisfies never;
  }
}

function send(
  { method }: Request,
  { file, name }: Found,
  { headers, status, first, length }: {
    readonly headers: Headers;
    readonly status: number;
    readonly first: number;
    readonly length: number;
  },
): Response {
  headers.set("Content-Type", mediaTypeOf(name) ?? "application/octet-stream");
  headers.set("Content-Length", String(length));
  if (method === "HEAD") {
    file[Symbol.dispose]();
    return new Response(null, { status, headers });
  }
  return new Response(file.bytes(first, length), { status, headers });
}

/** The site's own page for that, or ours. */
function notFound(site: ServedSite, request: Request): Response {
  const headers = new Headers({ ...HEADERS, "Cache-Control": cacheControl(site) });
  const own = look(site, [NOT_FOUND], false);
  if (own !== null && own !== "directory") {
    return send(request, own, { headers, status: 404, first: 0, length: own.file.size });
  }
  headers.set("Content-Type", "text/html; charset=utf-8");
  return new Response(request.method === "HEAD" ? null : NOT_FOUND_PAGE, { status: 404, headers });
}

const cacheControl = ({ isProtected }: ServedSite): string =>
  isProtected ? "private, no-cache" : "no-cache";
