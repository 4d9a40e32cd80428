import assert from "node:assert/strict";
import { freePort } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";
import { administered } from "./console.ts";
import { browserTest } from "./kit.ts";

/** Sends `bytes` through a port and waits until they are back. */
async function echo(conn: Deno.TcpConn, bytes: number): Promise<void> {
  const sent = conn.write(new Uint8Array(bytes));
  const buffer = new Uint8Array(65_536);
  for (let back = 0; back < bytes;) back += await conn.read(buffer) ?? bytes;
  await sent;
}

browserTest("watch a rule, cap it, replace it, remove it, undo", async (lab, open) => {
  const { tab, operator, server, client } = await administered(lab, open);
  const { page } = tab;
  const origin = `http://${server.http}`;
  const target = lab.use(echoTarget());
  const [port, other] = [freePort(), freePort()];
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  await page.goto(`${origin}/rules/0`);
  await page.getByText("Streaming").waitFor();
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await echo(conn, 30_000);
  await page.locator(".tile", { hasText: "Bytes in" }).getByText("29.3 KiB").waitFor();
  await page.locator(".u-wrap").waitFor();
  await page.getByText(/updated \d+ s ago/).waitFor();
  await tab.inspect("rule-live");

  await tab.press("Edit caps");
  await tab.fill("New connections per second", "none");
  await tab.press("Save");
  await page.getByText("A positive number.").waitFor();
  await tab.fill("New connections per second", "50");
  await tab.fill("Bandwidth out", "8 Mbit/s");
  await tab.inspect("rule-caps");
  await tab.press("Save");
  await page.getByText("The caps of rule #0 hold now.").waitFor();
  await page.locator(".facts").getByText("976.6 KiB/s").waitFor();

  await page.getByRole("main").getByRole("link", { name: "Edit" }).click();
  await tab.heading("Edit rule #0");
  await tab.inspect("rule-edit");
  await tab.fill("Listen port (start)", `${other}`);
  await tab.press("Save");
  await tab.heading("Replace rule #0?");
  await page.getByText(`The new rule listens before port ${port}`).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await tab.fill("Listen port (start)", `${port}`);
  await tab.fill("Target host", "localhost");
  await tab.press("Save");
  await page.getByText(`Port ${port} of edge-01 is closed for a moment`).waitFor();
  await page.getByText("Open connections now: 1.").waitFor();
  await tab.inspect("rule-replace");
  await tab.press("Replace rule");
  await tab.heading("Rule #1");
  await page.getByText("Rule #0 was replaced by rule #1.").waitFor();
  const { body } = await operator.api("GET", "/v1/rules/1");
  const rule = body as { target_host: string; rate_limit: unknown };
  assert.equal(rule.target_host, "localhost");
  assert.deepEqual(rule.rate_limit, { bandwidth_out_bps: 1_000_000, new_connections_per_sec: 50 });

  await tab.press("Remove rule");
  await page.getByText(`Rule #1: edge-01 stops listening on ${port}/TCP`).waitFor();
  await tab.inspect("rule-remove");
  await page.getByRole("dialog").getByRole("button", { name: "Remove rule" }).click();
  await tab.heading("No rules yet");
  await tab.inspect("rule-undo");
  await tab.press("Undo");
  await page.getByRole("link", { name: "#1" }).waitFor();
  assert.equal((await operator.api("GET", "/v1/rules/1")).status, 200);
  await tab.press("Remove rule #1");
  await page.getByRole("dialog").getByRole("button", { name: "Remove rule" }).click();
  await tab.heading("No rules yet");
  await page.goto("about:blank");
  await client.event("rule.removed", { rule_id: "1" });
  assert.equal(
    (await operator.api("GET", "/v1/rules/1")).status,
    404,
    "leaving is no change of mind",
  );
});
