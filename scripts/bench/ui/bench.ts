/**
 * The console with 10,000 rules in a browser: how soon the list is there, whether it scrolls
 * without a pause, how soon a search answers. The API is answered from memory, so that only the
 * browser is measured.
 *
 * @module
 */

import type { Page } from "playwright-core";
import { writeLine } from "../../build/console.ts";
import { bundleUi } from "../../build/ui.ts";
import { CHROMIUM } from "../../testing/browser.ts";
import { launchChromium } from "../../testing/chromium.ts";
import { sampleRule } from "../../../ui/rules/sample_rule.ts";
import { quantile, report } from "../report.ts";

const RULES = 10_000;
const FIRST_VIEW_AT_MOST_MS = 150;
const FRAME_AT_MOST_MS = 50;
const SEARCH_AT_MOST_MS = 100;
const SEARCHES = 20;
const FIRST_PORT = 20_000;

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  html: "text/html",
};

/** Measures in Debian's Chromium, without a window; prints a line for each aim. */
export async function benchUi(): Promise<void> {
  const browser = await launchChromium();
  if (browser === null) return writeLine(`${CHROMIUM} is missing: apt-get install chromium`);
  writeLine(`ui: ${RULES} rules, ${browser.version()}`);
  const into = await Deno.makeTempDir();
  try {
    const dist = new URL(`file://${into}/`);
    await bundleUi(dist);
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
      (request) => answer(request, dist),
    );
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript(WATCH);
    await page.goto(`http://127.0.0.1:${server.addr.port}/rules`);
    await measure(page);
  } finally {
    await browser.close();
    await Deno.remove(into, { recursive: true });
  }
}

async function measure(page: Page): Promise<void> {
  await page.getByText(`Rows: ${RULES}`).waitFor();
  const view = Number(await page.evaluate(FIRST_VIEW));
  report({ what: "answer to rows", value: view, atMost: FIRST_VIEW_AT_MOST_MS, unit: "ms" });
  const frames = await page.evaluate(SCROLL) as number[];
  const [middle, longest] = [quantile(frames, 0.5), Math.max(...frames)];
  report({ what: "frame of a scroll, median", value: middle, atMost: 17, unit: "ms" });
  report({
    what: "longest frame of a scroll",
    value: longest,
    atMost: FRAME_AT_MOST_MS,
    unit: "ms",
  });
  const searches: number[] = [];
  for (let i = 0; i < SEARCHES; i++) {
    searches.push(Number(await page.evaluate(`${SEARCH}(${FIRST_PORT + i})`)));
  }
  report({
    what: "search, 95 of 100",
    value: quantile(searches, 0.95),
    atMost: SEARCH_AT_MOST_MS,
    unit: "ms",
  });
}

/** Notes when the first frame with rows is drawn. */
const WATCH = `(() => {
  const look = () => {
    if (document.querySelector(".table-body [role=row]")) window.shownAt = performance.now();
    else requestAnimationFrame(look);
  };
  look();
})()`;

/** From the last byte of the rules to that frame. */
const FIRST_VIEW = `window.shownAt - performance.getEntriesByType("resource")
  .find((it) => it.name.endsWith("/v1/rules")).responseEnd`;

/** Scrolls from top to bottom and back; the milliseconds between frames. */
const SCROLL = `new Promise((resolve) => {
  const list = document.querySelector(".table-scroll");
  const frames = [];
  const steps = 240;
  let step = 0;
  let before = performance.now();
  const frame = () => {
    const now = performance.now();
    frames.push(now - before);
    before = now;
    step += 1;
    if (step > steps) return resolve(frames.slice(1));
    const share = 1 - Math.abs(1 - 2 * step / steps);
    list.scrollTop = share * (list.scrollHeight - list.clientHeight);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

/** Types a port; the milliseconds to the frame after the list shows what was found. */
const SEARCH = `((port) => new Promise((resolve) => {
  const field = document.querySelector("main input[type=search]");
  const started = performance.now();
  field.value = String(port);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const look = () => {
    const rows = [...document.querySelectorAll(".table-body [role=row]")];
    if (rows.length === 1 && rows[0].textContent.includes(String(port))) {
      requestAnimationFrame(() => resolve(performance.now() - started));
    } else requestAnimationFrame(look);
  };
  look();
}))`;

const RULES_JSON = JSON.stringify(
  Array.from({ length: RULES }, (_, i) =>
    sampleRule({
      id: i,
      client_name: `edge-${i % 200}`,
      listen_port: FIRST_PORT + i,
      target_host: `10.0.${i % 250}.${i % 199}`,
    })),
);

/** A server of what the page needs, and no more. */
async function answer(request: Request, dist: URL): Promise<Response> {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/v1/auth/status":
      return Response.json({ onboarding_required: false });
    case "/v1/users/me":
      return Response.json({ user_id: "admin", role: "superadmin", display_name: "Admin" });
    case "/v1/rules":
      return new Response(RULES_JSON, { headers: { "Content-Type": "application/json" } });
  }
  if (pathname.startsWith("/v1/")) return Response.json([]);
  const file = /^\/(assets\/|favicon)/.test(pathname) ? pathname.slice(1) : "index.html";
  return new Response(await Deno.readFile(new URL(file, dist)), {
    headers: { "Content-Type": TYPES[file.split(".").at(-1) ?? ""] ?? "text/plain" },
  });
}
