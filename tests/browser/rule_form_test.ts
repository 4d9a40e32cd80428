import assert from "node:assert/strict";
import type { Operator } from "../kit/operator.ts";
import { freePort, freeRange } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";
import { administered, visit } from "./console.ts";
import { browserTest, type Tab } from "./kit.ts";

browserTest("push a rule field by field, from a line, and like another", async (lab, open) => {
  const { tab, operator } = await administered(lab, open);
  const { page } = tab;
  const target = lab.use(echoTarget());
  const [port, range] = [freePort(), freeRange(4)];
  await visit(tab, "Rules");
  await tab.press("Push rule");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Listen port (start)").fill("eighty");
  await dialog.getByLabel("Target host", { exact: true }).fill("a b");
  await dialog.getByLabel("Bandwidth in").fill("fast");
  await dialog.getByRole("button", { name: "Push rule" }).click();
  await dialog.getByText("A port from 1 to 65535.").waitFor();
  await dialog.getByText("An IPv4 address, an [IPv6] address or a host name.").waitFor();
  await page.locator("dialog [aria-invalid=true]:focus").waitFor();
  await tab.inspect("push-refused");
  await dialog.getByLabel("Listen port (start)").fill(`${port}`);
  await dialog.getByLabel("Target host", { exact: true }).fill("127.0.0.1");
  await dialog.getByLabel("Target port (start)").fill(`${target.port}`);
  await dialog.getByLabel("Bandwidth in").fill("100 Mbit/s");
  await dialog.getByText("= 11.9 MiB/s").waitFor();
  await dialog.getByText("As a command").click();
  await dialog.getByText(`push-rule edge-01 ${port} --target 127.0.0.1:${target.port}@0`).waitFor();
  await dialog.getByRole("button", { name: "Push rule" }).click();
  await tab.heading("Rule #0");
  assert.deepEqual(await operator.stateOf("0"), { kind: "active" });

  await page.goto(`${new URL(page.url()).origin}/rules/new`);
  await tab.fill("Quick add", `edge-01 :${port} -> nowhere`);
  await tab.press("Fill in");
  await page.getByText("“nowhere” means nothing here.").waitFor();
  await tab.fill("Quick add", `edge-01 ${port} -> 127.0.0.1:${target.port}, [::1]:80 check=60s`);
  await tab.press("Fill in");
  await page.getByRole("radio", { name: "Multi-target" }).and(page.locator(":checked")).waitFor();
  await page.getByText(`Rule #0 listens on ${port}`).waitFor();
  await tab.inspect("push-conflict");
  await tab.press("Next free port");
  await page.getByText(`Rule #0 listens on ${port}`).waitFor({ state: "detached" });
  await tab.press("Add another target");
  await page.getByPlaceholder("Target host or IP").nth(2).fill("127.0.0.2");
  await page.getByPlaceholder("Port", { exact: true }).nth(2).fill("81");
  await tab.press("Remove target 2");
  const second = freePort();
  await tab.fill("Listen port (start)", `${second}`);
  await tab.inspect("push-multi");
  await tab.press("Push rule");
  await tab.heading("Rule #1");
  const { body } = await operator.api("GET", "/v1/rules/1");
  const pushed = body as { targets: { host: string }[]; health_check_interval_secs: number };
  assert.deepEqual(pushed.targets.map((it) => it.host), ["127.0.0.1", "127.0.0.2"]);
  assert.equal(pushed.health_check_interval_secs, 60);
  await page.goto(`${new URL(page.url()).origin}/rules/new?from=0`);
  await tab.heading("Clone of rule #0");
  assert.equal(await page.getByLabel("Bandwidth in").inputValue(), "12.5 MB/s");
  assert.notEqual(await page.getByLabel("Listen port (start)").inputValue(), `${port}`);
  await tab.fill("Bandwidth in", "");
  await tab.fill("Listen port (start)", `${range}`);
  await tab.fill("Listen port (end)", `${range + 2}`);
  await tab.press("Push rule");
  await page.getByText("A range needs both ends, here and at the target.").waitFor();
  await tab.fill("Target port (end)", `${target.port + 2}`);
  await tab.press("Push rule");
  await tab.heading("Rule #2");

  await replaceInVain(tab, operator, { end: range + 3, targetEnd: target.port + 3 });
});

/** Widens the range of rule #2 by a port that another process has. */
async function replaceInVain(
  tab: Tab,
  operator: Operator,
  { end, targetEnd }: { readonly end: number; readonly targetEnd: number },
): Promise<void> {
  const { page } = tab;
  using _occupied = Deno.listen({ hostname: "0.0.0.0", port: end });
  await page.getByRole("main").getByRole("link", { name: "Edit" }).click();
  await tab.fill("Listen port (end)", `${end}`);
  await tab.fill("Target port (end)", `${targetEnd}`);
  await tab.press("Save");
  tab.expectStatus(422);
  await tab.press("Replace rule");
  await page.getByText("The old rule is back as rule #4.").waitFor();
  await tab.inspect("replace-refused");
  await page.getByRole("link", { name: "To the rule" }).click();
  await tab.heading("Rule #4");
  assert.deepEqual(await operator.stateOf("4"), { kind: "active" });
  assert.equal((await operator.api("GET", "/v1/rules/3")).status, 404, "what failed is gone");
}
