import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { freePort } from "../kit/ports.ts";
import { addUser, administered, signIn } from "./console.ts";
import { browserTest } from "./kit.ts";

const TABS_MAX = 80;

/** Presses Tab until the focus is on what is called `name`. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let i = 0; i < TABS_MAX; i++) {
    const focused = await page.evaluate(`(() => {
      const it = document.activeElement;
      const label = it?.labels?.[0]?.textContent;
      return it?.getAttribute("aria-label") ?? label ?? it?.textContent ?? "";
    })()`);
    if (name.test(String(focused).trim())) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`no way to ${name} by keyboard`);
}

browserTest("push and remove a rule by keyboard alone", async (lab, open) => {
  const { tab, operator } = await administered(lab, open);
  const { page } = tab;
  const port = freePort();
  await page.keyboard.press("Tab");
  await tabTo(page, /^Rules$/);
  await page.keyboard.press("Enter");
  await tab.heading("Rules");
  await tabTo(page, /^Push rule$/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo(page, /^Quick add$/);
  await page.keyboard.type(`edge-01 ${port} -> 127.0.0.1:9`);
  await page.keyboard.press("Enter");
  await page.getByText(`push-rule edge-01 ${port}`).waitFor({ state: "attached" });
  await tabTo(page, /^Target port \(start\)$/);
  await page.keyboard.press("Control+A");
  await page.keyboard.type("10");
  await page.keyboard.press("Enter");
  await tab.heading("Rule #0");
  assert.deepEqual(await operator.stateOf("0"), { kind: "active" });
  await tabTo(page, /^Remove rule$/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await tabTo(page, /^Remove rule$/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Tab");
  await tabTo(page, /^Remove rule$/);
  await page.keyboard.press("Enter");
  await tab.heading("No rules yet");
  await page.keyboard.press("Tab");
  await tabTo(page, /^Undo$/);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "#0" }).waitFor();
});

browserTest("a tenant pushes where granted, and is told where not", async (lab, open) => {
  const { server, operator } = await lab.connected();
  const port = freePort();
  await addUser(operator, "tessa");
  const grant = await operator.api("POST", "/v1/grants", {
    user_id: "tessa",
    client: "edge-01",
    listen_port_start: port,
    listen_port_end: port,
    protocols: ["tcp"],
  });
  assert.equal(grant.status, 201);
  await operator.push("edge-01", freePort(), "127.0.0.1:9");
  const tab = await open();
  const { page } = tab;
  const asked: string[] = [];
  page.on("request", (it) => asked.push(new URL(it.url()).pathname));
  await signIn(tab, server.http, "tessa");
  await page.goto(`http://${server.http}/rules`);
  await tab.heading("No rules yet");
  await page.goto(`http://${server.http}/rules/new`);
  await tab.fill("Listen port (start)", `${port + 1}`);
  tab.expectStatus(403);
  await tab.press("Push rule");
  await page.getByText("port_outside_grant").waitFor();
  await tab.fill("Listen port (start)", `${port}`);
  await tab.press("Push rule");
  await tab.heading("Rule #1");
  await tab.inspect("rule-tenant");
  await tab.press("Remove rule");
  await page.getByText(`edge-01 stops listening on ${port}/TCP`).waitFor();
  const foreign = asked.filter((it) => /^\/v1\/(users$|grants|metrics|audit|clients\/)/.test(it));
  assert.deepEqual(foreign, [], "what tenants may not ask for is not asked for");
});
