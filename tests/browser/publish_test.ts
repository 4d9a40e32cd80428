import assert from "node:assert/strict";
import { freePort } from "../kit/ports.ts";
import { administered, publishingHere, visit } from "./console.ts";
import { browserTest, type Tab } from "./kit.ts";

browserTest("a service gets a host name, is switched off, and goes", async (lab, open) => {
  const { tab, server, operator } = await administered(lab, open, { config: publishingHere() });
  const { page } = tab;
  await visit(tab, "Publish");
  await page.getByText("No host name leads to a service yet").waitFor();
  await tab.inspect("publish-empty");
  await createTunnel(tab);
  await page.getByText("shop.example.test. A 127.0.0.1").waitFor();
  await tab.inspect("tunnel-details");
  await page.keyboard.press("Escape");
  await page.getByRole("cell", { name: "Active" }).waitFor();
  await tab.inspect("tunnels");

  await choose(tab, "Switch off");
  await page.getByText("shop.example.test is switched off.").waitFor();
  await page.getByRole("cell", { name: "Off" }).waitFor();
  assert.deepEqual((await operator.api("GET", "/v1/rules")).body, []);
  await choose(tab, "Edit");
  await tab.fill("Description", "the shop");
  await tab.press("Save");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const { body } = await operator.api("GET", "/v1/tunnels");
  assert.equal((body as { readonly description: string }[])[0]?.description, "the shop");
  await choose(tab, "Remove");
  await page.getByText("shop.example.test leads nowhere").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("No host name leads to a service yet").waitFor();
  await tab.assertCalm("tunnels");

  await server.process.stop();
});

/** Fills in the form, wrongly first. */
async function createTunnel(tab: Tab): Promise<void> {
  const { page } = tab;
  const dialog = page.getByRole("dialog");
  await tab.press("Publish a service");
  await dialog.getByRole("button", { name: "Publish a service" }).click();
  await dialog.getByText("Give host:port, as 127.0.0.1:3000.").waitFor();
  await tab.fill("Host name", "shop.example.test");
  await page.getByRole("combobox", { name: "Client" }).click();
  await page.getByPlaceholder("Search clients…").fill("edge");
  await page.keyboard.press("Enter");
  await tab.fill("Target", "127.0.0.1:8443");
  await page.getByLabel("TLS ends").selectOption("terminate");
  await dialog.getByText("The users below and administrators").waitFor();
  await tab.inspect("tunnel-new");
  await page.getByLabel("TLS ends").selectOption("passthrough");
  await tab.fill("Port on the client", String(freePort()));
  await dialog.getByRole("button", { name: "Publish a service" }).click();
}

/** Opens the tunnel, and presses a button of it. */
async function choose(tab: Tab, action: string): Promise<void> {
  await tab.press("shop.example.test");
  await tab.press(action);
}
