/**
 * Starts Debian's Chromium, for tests and benchmarks of the Web UI.
 *
 * @module
 */

import { type Browser, chromium } from "playwright-core";
import { CHROMIUM } from "./browser.ts";

/** Starts it without a window; `null` where it is not installed. `args` are further options of it. */
export async function launchChromium(args: readonly string[] = []): Promise<Browser | null> {
  const there = await Deno.stat(CHROMIUM).then(() => true, () => false);
  if (!there) return null;
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...args],
  });
}
