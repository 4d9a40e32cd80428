import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { freePort } from "../kit/ports.ts";
import { addUser, administered, signIn } from "./console.ts";
import { browserTest } from "./kit.ts";

const PHONE = { width: 390, height: 844 };

browserTest("the keyboard leads everywhere; roles see what is theirs", async (lab, open) => {
  const { tab, server, operator } = await administered(lab, open);
  const { page } = tab;
  const port = freePort();
  await operator.push("edge-01", port, "127.0.0.1:9");

  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Command palette" });
  await palette.getByRole("combobox").fill("users");
  await tab.inspect("palette");
  await page.keyboard.press("Enter");
  await tab.heading("Users");
  await page.keyboard.press("Control+k");
  await palette.getByRole("combobox").fill(`${port}`);
  await palette.getByRole("option").filter({ hasText: `:${port}` }).waitFor();
  await page.keyboard.press("Enter");
  await tab.heading("Rule #0");
  await page.locator(".crumb", { hasText: "Rule #0" }).waitFor();

  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await tab.heading("Rules");
  await page.keyboard.press("/");
  assert.equal(await focused(page), "Search port, host, owner…");
  await page.keyboard.type("n?");
  assert.match(page.url(), /q=n%3F/, "keys in a field are text");
  await page.getByLabel("Search port, host, owner…").blur();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await tab.inspect("shortcuts");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await tab.heading("Clients");
  await page.keyboard.press("n");
  await page.getByRole("dialog").getByLabel("Entry address").waitFor();
  await page.keyboard.press("Escape");

  await addUser(operator, "tom");
  const tenant = await open();
  await signIn(tenant, server.http, "tom");
  const links = tenant.page.getByRole("navigation").getByRole("link");
  assert.deepEqual(await links.allTextContents(), [
    "Dashboard",
    "Rules",
    "Clients",
    "Topology",
    "Settings",
  ]);
  const asked: string[] = [];
  tenant.page.on("request", (it) => asked.push(new URL(it.url()).pathname));
  for (const path of ["/users", "/audit", "/metrics", "/clients/new", "/users/new"]) {
    await tenant.page.goto(`http://${server.http}${path}`);
    await tenant.heading("Permission denied");
  }
  await tenant.page.keyboard.press("Control+k");
  await tenant.page.getByRole("option", { name: "Settings" }).waitFor();
  assert.equal(await tenant.page.getByRole("option", { name: "Audit log" }).count(), 0);
  const forbidden = asked.filter((it) => /^\/v1\/(users|audit|metrics)$/.test(it));
  assert.deepEqual(forbidden, [], "what is denied is not asked for");
  tenant.assertCalm("tenant");
});

browserTest("on a phone focus stays in the sidebar until it closes", async (lab, open) => {
  const { tab } = await administered(lab, open);
  const { page } = tab;
  await page.setViewportSize(PHONE);
  await tab.press("Toggle sidebar");
  const sheet = page.getByRole("dialog", { name: "Sidebar" });
  await sheet.waitFor();
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press("Tab");
    const outside = await page.evaluate(
      "document.activeElement !== document.body && !document.activeElement.closest('.sidebar')",
    );
    assert.equal(outside, false, `after ${i + 1} times Tab`);
  }
  await tab.inspect("sidebar");
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "detached" });
  await page.locator("[aria-label='Toggle sidebar']:focus").waitFor();
});

/** The name of what has the focus. */
async function focused(page: Page): Promise<string> {
  return String(await page.evaluate("document.activeElement.getAttribute('aria-label')"));
}
