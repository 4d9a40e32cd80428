import assert from "node:assert/strict";
import { administered, visit } from "./console.ts";
import { browserTest } from "./kit.ts";

browserTest("the audit trail live, looked up and downloaded; metrics", async (lab, open) => {
  const { tab, server, operator } = await administered(lab, open);
  const { page } = tab;
  await fetch(`http://${server.http}/v1/rules`, { headers: { Authorization: "Bearer wrong" } });
  await visit(tab, "Audit log");
  await page.getByText("/v1/client-enrollments").waitFor();
  await page.getByLabel("Filter by outcome").selectOption("deny");
  await page.getByText("credential_invalid").first().waitFor();
  assert.equal(await page.getByText("/v1/client-enrollments").count(), 0);
  await page.getByLabel("Filter by outcome").selectOption("");
  await tab.inspect("audit");

  const downloading = page.waitForEvent("download");
  await tab.press("Download as JSON");
  const file = await downloading;
  assert.match(file.suggestedFilename(), /^audit-[\dTZ-]+\.ndjson$/);
  const lines = (await Deno.readTextFile(await file.path())).trimEnd().split("\n");
  assert.ok(lines.every((it) => typeof JSON.parse(it).actor === "string"), "one entry a line");

  for (let i = 0; i < 120; i++) await operator.api("PATCH", "/v1/users/admin", {});
  await tab.press("History");
  await page.getByText("Rows: 100").waitFor();
  await tab.press("Older");
  await page.getByText("Page 2").waitFor();
  await page.getByText("These are the oldest.").waitFor();
  await tab.inspect("audit-history");
  await tab.press("Newer");
  await page.getByText("Page 1").waitFor();
  await tab.fill("To", "2001-01-01T00:00");
  await tab.heading("No entry matches");
  await tab.fill("To", "");
  await page.getByLabel("Filter by actor").fill("/v1/users/admin");
  await page.getByRole("cell", { name: "/v1/users/admin" }).first().getByRole("link").click();
  await tab.heading("Admin");

  await visit(tab, "Metrics");
  await page.getByLabel("Filter lines…").fill("clients_connected");
  await page.getByText("portunus_clients_connected 1").waitFor();
  await tab.inspect("metrics");
});
