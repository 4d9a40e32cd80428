/**
 * The built Web UI, read once from where the build put it.
 *
 * @module
 */

import type { UiAssets } from "../api/ui.ts";

/** Beside the bundled program, or where a source tree builds it. */
const PLACES = ["./ui/", "../../ui/dist/"];

/** Reads every file of the built UI; empty when this program was built, or is run, without it. */
export function loadUiAssets(): UiAssets {
  for (const place of PLACES) {
    const assets = new Map<string, Uint8Array<ArrayBuffer>>();
    try {
      collect(new URL(place, import.meta.url), "", assets);
      return assets;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return new Map();
}

function collect(
  directory: URL,
  prefix: string,
  assets: Map<string, Uint8Array<ArrayBuffer>>,
): void {
  for (const entry of Deno.readDirSync(directory)) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory) collect(new URL(`${entry.name}/`, directory), `${name}/`, assets);
    else assets.set(name, Deno.readFileSync(new URL(entry.name, directory)));
  }
}
