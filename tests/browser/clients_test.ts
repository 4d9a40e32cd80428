import assert from "node:assert/strict";
import { freePort } from "../kit/ports.ts";
import { administered, visit } from "./console.ts";
import { browserTest } from "./kit.ts";

browserTest("a client is renamed, enrolled again, revoked and deleted", async (lab, open) => {
  const { tab, operator, bundle, client } = await administered(lab, open);
  const { page } = tab;
  const port = freePort();
  await operator.push("edge-01", port, "127.0.0.1:9");
  await visit(tab, "Clients");
  await page.getByRole("link", { name: "edge-01" }).click();
  await page.getByRole("cell", { name: `${port}` }).waitFor();

  await tab.press("Edit");
  await tab.fill("Name", "edge-02");
  await tab.fill("Entry address", "edge.example.com");
  await tab.inspect("client-edit");
  await tab.press("Save");
  await tab.heading("edge-02");
  await page.getByText("edge.example.com").waitFor();
  await tab.inspect("client");
  await page.getByRole("tab", { name: "Owner quotas" }).click();
  await page.getByRole("link", { name: "_superadmin" }).waitFor();
  await tab.inspect("client-owners");

  await tab.press("Re-enroll");
  await tab.press("Create code");
  const command = await page.locator("code.command").textContent() ?? "";
  await page.keyboard.press("Escape");
  await tab.inspect("client-enroll-again");
  const uri = /'(portunus:[^']+)'/.exec(command)?.[1] ?? "";
  await client.stop();
  const enrolled = await lab.clientCommand(["enroll", uri, "--out", bundle]);
  assert.equal(enrolled.code, 0, enrolled.stderr);
  await lab.client({ bundle }).event("control.connected");
  await page.getByText("edge-02 is connected.").waitFor();
  await tab.press("Done");

  await tab.press("Revoke");
  await page.getByText(`Rule #0: edge-02, port ${port}`).waitFor();
  await tab.inspect("client-revoke");
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.locator(".page-head").getByText("Revoked").waitFor();
  await visit(tab, "Clients");
  await tab.heading("No clients yet");
  await tab.press("Show revoked · 1");
  await page.getByRole("link", { name: "edge-02" }).waitFor();
  await tab.inspect("clients-revoked");
  await tab.press("Delete revoked");
  await page.getByLabel("Delete its rules, too (1)").waitFor();
  await tab.inspect("client-delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete permanently" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.deepEqual((await operator.api("GET", "/v1/clients")).body, []);
  assert.deepEqual((await operator.api("GET", "/v1/rules")).body, []);
  await page.goBack();
  await tab.heading("No such client");
});
