import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { sampleRule } from "../../ui/rules/sample_rule.ts";
import { freePort } from "../kit/ports.ts";
import { administered, publishingHere } from "./console.ts";
import { browserTest } from "./kit.ts";
import { FILE, SITE } from "./published.ts";

/** The pages of the console, as its route table has them. */
const ROUTES = [...(await Deno.readTextFile(new URL("../../ui/app/app.tsx", import.meta.url)))
  .matchAll(/<Route path="([^"]+)"/g)].map(([, path = ""]) => path);

browserTest("every page in every theme, language and width", async (lab, open) => {
  const { tab, server, operator } = await administered(lab, open, { config: publishingHere() });
  const { page } = tab;
  await operator.push("edge-01", freePort(), "127.0.0.1:9");
  const { body } = await operator.api("GET", "/v1/clients");
  const [client] = body as { readonly client_id: string }[];
  const parts: Readonly<Record<string, string | undefined>> = {
    ruleId: "0",
    clientId: client?.client_id,
    userId: "admin",
    siteId: SITE.id,
  };
  // A site of its own would need a certificate authority.
  await page.route(`**/v1/sites/${SITE.id}`, (it) => it.fulfill({ json: SITE }));
  await page.route(`**/v1/sites/${SITE.id}/files`, (it) => it.fulfill({ json: [FILE] }));
  assert.ok(ROUTES.length >= 13, `${ROUTES}`);
  const outside: string[] = [];
  page.on(
    "request",
    (it) => it.url().startsWith(`http://${server.http}/`) || outside.push(it.url()),
  );
  for (const route of ROUTES) {
    const path = route.replaceAll(/:(\w+)/g, (_, name: string) => {
      const part = parts[name];
      assert.ok(part !== undefined, `say what stands for :${name}`);
      return part;
    });
    const name = `page${route.replaceAll(/\W+/g, "-")}`;
    await page.goto(`http://${server.http}${path}`);
    await settled(page);
    await tab.inspect(name);
    await page.setViewportSize({ width: 2560, height: 1200 });
    await tab.picture(`${name}-wide`);
    await page.setViewportSize({ width: 390, height: 844 });
    await inChinese(page);
    await tab.picture(`${name}-zh-phone`);
    await tab.assertFits(`${name}, in Chinese`);
    assert.doesNotMatch(await page.locator("main").innerText(), /\{\w+\}|undefined|NaN/, name);
    await page.evaluate("localStorage.setItem('portunus.lang', 'en')");
    await page.setViewportSize({ width: 1280, height: 800 });
  }
  assert.deepEqual(outside, [], "nothing is asked of anybody else");
});

browserTest("ten thousand rules are a few rows of the document", async (lab, open) => {
  const { tab } = await administered(lab, open);
  const { page } = tab;
  const rules = Array.from(
    { length: 10_000 },
    (_, i) => sampleRule({ id: i, listen_port: 20_000 + i }),
  );
  await page.route("**/v1/rules", (it) => it.fulfill({ json: rules }));
  await page.getByRole("navigation").getByRole("link", { name: "Rules", exact: true }).click();
  await page.getByText("Rows: 10000").waitFor();
  await page.evaluate("document.querySelector('.table-scroll').scrollTop = 1e9");
  await page.getByRole("link", { name: "#9999", exact: true }).waitFor();
  assert.ok(await page.locator(".table-body [role=row]").count() < 60);
  await page.getByLabel("Search port, host, owner…").fill("25123");
  await page.getByText("Rows: 1", { exact: true }).waitFor();
  await page.getByRole("link", { name: "#5123", exact: true }).waitFor();
  tab.assertCalm("ten thousand rules");
});

/** Waits until the page shows what it is for. */
async function settled(page: Page): Promise<void> {
  await page.locator("main h1, main h2").first().waitFor();
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
}

async function inChinese(page: Page): Promise<void> {
  await page.evaluate("localStorage.setItem('portunus.lang', 'zh-CN')");
  await page.reload();
  await page.locator("html[lang=zh-CN]").waitFor();
  await settled(page);
}
