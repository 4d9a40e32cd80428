/**
 * A browser on the console of a real server. Whatever the page complains about fails the test.
 *
 * @module
 */

import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { UI_BUILT_VARIABLE } from "../../scripts/testing/browser.ts";
import { launchChromium } from "../../scripts/testing/chromium.ts";
import { bundleUi } from "../../scripts/build/ui.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { skip } from "../kit/skip.ts";

const OUT = new URL("out/", import.meta.url);

/** A tab that remembers what went wrong in it. */
export class Tab {
  readonly #complaints: string[] = [];
  /** Before a login, the question who one is is answered with 401. */
  readonly #refusals = new Set([401]);

  constructor(readonly page: Page) {
    page.on("console", (message) => {
      if (message.type() === "error") this.#complain(message.text());
    });
    page.on("pageerror", (error) => this.#complain(String(error)));
  }

  /** From now on, answers of this status are part of the test; 0 is no answer. */
  expectStatus(status: number): void {
    this.#refusals.add(status);
  }

  /** Keeps what the console says, but for refusals that are expected. */
  #complain(text: string): void {
    const status = /net::ERR_/.test(text) ? 0 : Number(/status of (\d+)/.exec(text)?.[1]);
    if (!this.#refusals.has(status)) this.#complaints.push(text);
  }

  /** Fails with what the console complained about, if it did. */
  assertCalm(name: string): void {
    assert.deepEqual(this.#complaints, [], name);
  }

  /** Types into the field with that label. */
  async fill(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  /** Presses the button of that name. */
  async press(name: string): Promise<void> {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  /** Waits until a heading says `text`. */
  async heading(text: string): Promise<void> {
    await this.page.getByRole("heading", { name: text, exact: true }).waitFor();
  }

  /** Takes pictures in both themes and on a phone, and checks what can be checked of them. */
  async inspect(name: string): Promise<void> {
    for (const theme of ["light", "dark"] as const) {
      await this.page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await this.picture(`${name}-${theme}`);
      assert.deepEqual(await this.#violations(), [], `${name}, ${theme}`);
    }
    const size = this.page.viewportSize();
    await this.page.setViewportSize({ width: 390, height: 844 });
    await this.picture(`${name}-phone`);
    await this.assertFits(name);
    if (size) await this.page.setViewportSize(size);
    this.assertCalm(name);
  }

  /** Takes a picture for people. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: new URL(`${name}.png`, OUT).pathname });
  }

  /** Fails if the page has to be scrolled sideways. */
  async assertFits(name: string): Promise<void> {
    const overflow = await this.page.evaluate("document.documentElement.scrollWidth - innerWidth");
    assert.ok(Number(overflow) <= 0, `${name} is ${overflow} pixels too wide`);
  }

  async #violations(): Promise<string[]> {
    // Injected by the debugger, which the page's policy does not concern.
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate("axe.run()") as axe.AxeResults;
    return found.violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map((it) => it.html).join("; ")}`);
  }
}

/** Makes the Web UI, once. */
export const bundled = (): Promise<void> => made ??= bundleUi();

/** Made once, and not again where the test command has done it. */
let made = Deno.env.has(UI_BUILT_VARIABLE) ? Promise.resolve() : undefined;

/** A test with a browser; skipped where there is none. */
export function browserTest(
  name: string,
  run: (lab: Lab, tab: () => Promise<Tab>) => Promise<void>,
): void {
  labTest(name, async (lab) => {
    const browser = await launchChromium();
    if (browser === null) return skip(name, "Debian's chromium is not installed");
    try {
      await bundled();
      await Deno.mkdir(OUT, { recursive: true });
      await run(lab, async () => {
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
        return new Tab(await context.newPage());
      });
    } finally {
      await browser.close();
    }
  });
}
