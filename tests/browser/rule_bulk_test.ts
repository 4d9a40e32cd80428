import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { freePort } from "../kit/ports.ts";
import { administered } from "./console.ts";
import { browserTest } from "./kit.ts";

browserTest(
  "cap, export and remove several rules; import a file after a dry run",
  async (lab, open) => {
    const { tab, operator, server, client } = await administered(lab, open);
    const { page } = tab;
    const origin = `http://${server.http}`;
    const [a, b, c] = [freePort(), freePort(), freePort()];
    for (const port of [a, b]) await operator.push("edge-01", port, "127.0.0.1:9");
    await page.goto(`${origin}/rules`);
    await page.getByLabel("Select all rules").check();
    await page.getByText("2 selected").waitFor();
    await tab.inspect("bulk");
    await tab.press("Set caps");
    await tab.fill("Concurrent connections", "7");
    await tab.press("Save");
    await page.getByText("Done: 2. Failed: 0.").waitFor();
    await tab.inspect("bulk-caps");
    await tab.press("Done");
    await page.getByText("≤7").first().waitFor();

    const saved = page.waitForEvent("download");
    await tab.press("Export");
    const path = lab.path("rules.toml");
    await (await saved).saveAs(path);
    const toml = await Deno.readTextFile(path);
    assert.equal(toml, await operator.ok(["rules", "export"]), "the same file");

    await page.goto(`${origin}/rules/import`);
    await page.getByLabel("Rules file").fill(toml.replace(`listen_port = ${a}`, "listen_port = 0"));
    await tab.press("Show what would change");
    await page.getByText("The file cannot be applied").waitFor();
    await tab.inspect("import-refused");
    const edited = toml.replaceAll(`${a}`, `${c}`).replace('"127.0.0.1:9"', '"localhost:9"');
    await page.getByLabel("Choose a file").setInputFiles({
      name: "rules.toml",
      mimeType: "text/plain",
      buffer: Buffer.from(edited),
    });
    await page.getByLabel("Remove rules that the file does not have").check();
    await tab.press("Show what would change");
    await page.getByText("Changes: 2. Unchanged: 1. Interrupted: 1.").waitFor();
    assert.equal((await operator.api("GET", "/v1/rules/2")).status, 404, "nothing has changed yet");
    await tab.inspect("import-plan");
    await tab.press("Apply 2 changes");
    await page.getByText("Done: 2. Failed: 0.").waitFor();
    await tab.inspect("import-done");
    assert.equal((await operator.api("GET", "/v1/rules/0")).status, 404, "which the file has not");

    await page.getByRole("main").getByRole("link", { name: "Back to rules" }).click();
    await page.getByLabel("Select all rules").check();
    await page.getByRole("region").getByRole("button", { name: "Remove" }).click();
    await tab.heading("Remove 2 rules?");
    await page.getByRole("dialog").getByRole("button", { name: "Remove 2 rules" }).click();
    await tab.heading("No rules yet");
    await client.event("rule.removed", { rule_id: "1" });
    await client.event("rule.removed", { rule_id: "2" });
  },
);
