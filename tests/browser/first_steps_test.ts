import assert from "node:assert/strict";
import { TestConn } from "../kit/conn.ts";
import type { Lab } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import type { TestProcess } from "../kit/process.ts";
import { echoTarget } from "../kit/targets.ts";
import { browserTest, type Tab } from "./kit.ts";

const PASSWORD = "correct horse battery";

browserTest("from a setup token to traffic, by what the pages say alone", async (lab, open) => {
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

  await page.getByRole("link", { name: "Enroll client" }).click();
  await tab.fill("Name", "edge-01");
  await tab.fill("Entry address", "127.0.0.1");
  await tab.press("Create code");
  const command = await page.locator("code.command").textContent() ?? "";
  await tab.inspect("enroll");
  const client = await runOnEdge(lab, command);
  await client.event("control.connected");
  await page.getByText("edge-01 is connected.").waitFor();
  await tab.inspect("enrolled");
  await page.getByRole("link", { name: "Push its first rule" }).click();

  const target = lab.use(echoTarget());
  const port = freePort();
  await tab.fill("Listen port (start)", `${port}`);
  await tab.fill("Target port (start)", `${target.port}`);
  await tab.press("Push rule");
  await tab.heading("Rule #0");
  await page.getByText("Streaming").waitFor();
  using conn = await TestConn.open(port);
  assert.equal(await conn.echo("hello"), "hello");
  await page.getByRole("navigation").getByRole("link", { name: "Dashboard" }).click();
  await page.getByText("First steps").waitFor({ state: "detached" });

  await page.getByRole("navigation").getByRole("link", { name: "Rules" }).click();
  await page.getByLabel("Search port, host, owner…").fill(`${port}`);
  await page.getByText("Rows: 1").waitFor();
  assert.match(page.url(), new RegExp(`q=${port}`));
  await tab.inspect("rules");
  await chooseAndLeave(tab);
});

/** Runs what the enrollment dialog says, word for word, where `portunus-client` is installed. */
async function runOnEdge(lab: Lab, command: string): Promise<TestProcess> {
  const bin = lab.path("bin");
  await Deno.mkdir(bin);
  const quoted = lab.programs.client.map((it) => `'${it}'`).join(" ");
  const script = `#!/bin/sh\nexec ${quoted} "$@"\n`;
  await Deno.writeTextFile(`${bin}/portunus-client`, script, { mode: 0o755 });
  // The shell would outlive a signal to the client, or the other way around.
  const run = command.replace("&& portunus-client", "&& exec portunus-client");
  assert.notEqual(run, command);
  return lab.spawn("portunus-client", ["/bin/sh", "-c", `cd '${lab.dir}' && ${run}`], {
    PATH: `${bin}:/usr/bin:/bin`,
  });
}

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
