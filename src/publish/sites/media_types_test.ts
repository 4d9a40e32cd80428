import assert from "node:assert/strict";
import { mediaTypeOf, SITE_EXTENSIONS } from "./media_types.ts";

/** The list of the specification, in its order. */
const ALLOWED = "html htm css js mjs png jpg jpeg gif svg ico webp avif bmp woff woff2 ttf eot " +
  "otf mp4 webm ogg mp3 wav flac pdf txt md json xml csv geojson topojson map webmanifest " +
  "manifest wasm";

Deno.test("SITE_EXTENSIONS are those of the specification", () => {
  assert.deepEqual(SITE_EXTENSIONS.toSorted(), ALLOWED.split(" ").sort());
});

Deno.test("mediaTypeOf() goes by the last extension, in any case", () => {
  assert.equal(mediaTypeOf("index.HTML"), "text/html; charset=utf-8");
  assert.equal(mediaTypeOf("app.min.js"), "text/javascript; charset=utf-8");
  assert.equal(mediaTypeOf("a.css.map"), "application/json");
});

Deno.test("mediaTypeOf() does not know what may not be there", () => {
  for (
    const name of ["x.php", "x.html.exe", "html", "x.", "x", "x.html ", "x.__proto__", ".html"]
  ) {
    assert.equal(mediaTypeOf(name), null, name);
  }
});
