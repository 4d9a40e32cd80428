/**
 * The kinds of files that a site may have, and what browsers are told they are.
 *
 * @module
 */

const text = (subtype: string): string => `text/${subtype}; charset=utf-8`;

/** By extension, in lower case. What is not here cannot be uploaded. */
const MEDIA_TYPES: ReadonlyMap<string, string> = new Map(Object.entries({
  html: text("html"),
  htm: text("html"),
  css: text("css"),
  js: text("javascript"),
  mjs: text("javascript"),
  txt: text("plain"),
  md: text("markdown"),
  csv: text("csv"),
  xml: "application/xml",
  json: "application/json",
  map: "application/json",
  geojson: "application/geo+json",
  topojson: "application/json",
  webmanifest: "application/manifest+json",
  manifest: text("cache-manifest"),
  wasm: "application/wasm",
  pdf: "application/pdf",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  svg: "image/svg+xml",
  ico: "image/x-icon",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  woff: "font/woff",
  woff2: "font/woff2",
  ttf: "font/ttf",
  otf: "font/otf",
  eot: "application/vnd.ms-fontobject",
  mp4: "video/mp4",
  webm: "video/webm",
  ogg: "audio/ogg",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  flac: "audio/flac",
}));

/** Extensions of files that can be uploaded, in lower case and without the dot. */
export const SITE_EXTENSIONS: readonly string[] = [...MEDIA_TYPES.keys()];

/** The media type of a file called `name`; `null` where its extension is not allowed. */
export function mediaTypeOf(name: string): string | null {
  const dot = name.lastIndexOf(".");
  if (dot <= 0) return null;
  return MEDIA_TYPES.get(name.slice(dot + 1).toLowerCase()) ?? null;
}
