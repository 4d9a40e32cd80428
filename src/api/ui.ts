/**
 * The embedded Web UI: files by path, and the shell for every path the browser resolves itself.
 *
 * @module
 */

import type { AppContext } from "./http.ts";

/** The built UI: path below the root to content. */
export type UiAssets = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html",
  js: "text/javascript",
  json: "application/json",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

const SHELL = "index.html";

export interface UiOptions {
  readonly assets: UiAssets;
  /** Whether there is what only `[publish]` brings: the shell says so, and shows it. */
  readonly publishes: boolean;
}

/** Answers with the file of the path, else with the shell; 404 when the UI was not built in. */
export function serveUi(c: AppContext, { assets, publishes }: UiOptions): Response {
  const path = c.req.path.slice(1) || SHELL;
  const name = assets.has(path) ? path : SHELL;
  const content = assets.get(name);
  if (!content) return c.text("operator Web UI is not bundled in this binary", 404);
  return c.body(name === SHELL && publishes ? markPublishing(content) : content, 200, {
    "Content-Type": MEDIA_TYPES[name.slice(name.lastIndexOf(".") + 1)] ??
      "application/octet-stream",
    "Cache-Control": cacheControl(name),
  });
}

function markPublishing(shell: Uint8Array): string {
  return new TextDecoder().decode(shell).replace("<html ", "<html data-publish ");
}

/** Hashed names never change; the shell is always asked for. */
function cacheControl(name: string): string {
  if (name === SHELL) return "public, max-age=0, must-revalidate";
  return name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "public, max-age=300";
}
