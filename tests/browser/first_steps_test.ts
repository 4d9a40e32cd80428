import assert from "node:assert/strict";
import { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";
import { browserTest, type Tab } from "./kit.ts";

const PASSWORD = "correct horse battery";

browserTest("onboard, enroll, watch and remove a rule, log out", async (lab, open) => {
  const server = await lab.server();
  const line = await server.process.stderrLine("Portunus onboarding setup token:");
  const tab = await open();
  const { page } = tab;
  await page.goto(`http://${server.http}/rules`);
  await tab.heading("Set up Portunus");
  await tab.inspect("onboarding");
  await tab.fill("Setup token", line.split(" ").at(-1) ?? "");
  await tab.fill("Password", PASSWORD);
  await tab.fill("Confirm password", PASSWORD);
  await tab.press("Create administrator");
  await tab.heading("Hello, Administrator");
  await page.setViewportSize({ width: 390, height: 844 });
  await tab.press("Toggle sidebar");
  await page.getByRole("navigation").getByRole("link", { name: "Rules" }).click();
  await page.getByRole("navigation").waitFor({ state: "hidden" });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("navigation").getByRole("link", { name: "Dashboard" }).click();
  await tab.inspect("dashboard-empty");

  await page.getByRole("navigation").getByRole("link", { name: "Clients" }).click();
  await tab.press("Enroll client");
  await tab.fill("Name", "edge-01");
  await tab.fill("Entry address", "127.0.0.1");
  await tab.press("Create code");
  const command = await page.locator("code.command").textContent() ?? "";
  await tab.inspect("enroll");
  const uri = /'(portunus:[^']+)'/.exec(command)?.[1] ?? "";
  const bundle = lab.path("bundle.json");
  const enrolled = await lab.clientCommand(["enroll", uri, "--out", bundle]);
  assert.equal(enrolled.code, 0, enrolled.stderr);
  const client = lab.client({ bundle });
  await client.event("control.connected");
  await page.getByText("edge-01 is connected.").waitFor();
  await tab.inspect("enrolled");
  await tab.press("Done");
  await tab.inspect("clients");

  const admin = await page.evaluate(`fetch("/v1/users/admin/credentials", {
    method: "POST",
    headers: { "X-Portunus-CSRF": "1", "Content-Type": "application/json" },
    body: '{"label":"test"}',
  }).then((it) => it.json()).then((it) => it.token)`);
  const operator = new Operator(lab, server.http, String(admin));
  const target = lab.use(echoTarget());
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  await page.getByRole("navigation").getByRole("link", { name: "Rules" }).click();
  await page.getByLabel("Search port, host, owner…").fill(`${port}`);
  await page.getByText("Rows: 1").waitFor();
  assert.match(page.url(), new RegExp(`q=${port}`));
  await tab.inspect("rules");
  await page.getByRole("link", { name: "#0" }).click();
  await page.getByText("Streaming").waitFor();
  await tab.inspect("rule");
  await tab.press("Remove rule");
  await page.getByRole("dialog").getByRole("button", { name: "Remove rule" }).click();
  await tab.heading("No rules yet");
  await chooseAndLeave(tab);
});

/** Theme, language, and the way out. */
async function chooseAndLeave(tab: Tab): Promise<void> {
  const { page } = tab;
  await page.getByRole("link", { name: "Settings" }).click();
  await tab.press("Dark");
  await page.locator("html.dark").waitFor();
  await tab.press("中文");
  await tab.heading("设置");
  await tab.press("English");
  await tab.press("System");
  await tab.inspect("settings");
  await page.getByRole("button", { name: "User menu" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await tab.heading("Sign in");
  await tab.inspect("login");
}
