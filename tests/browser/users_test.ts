import assert from "node:assert/strict";
import { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import { administered, PASSWORD, signIn, visit } from "./console.ts";
import { browserTest, type Tab } from "./kit.ts";

browserTest("a user's whole life: access, credentials, roles, the end", async (lab, open) => {
  const { tab, server, operator } = await administered(lab, open);
  const { page } = tab;
  await visit(tab, "Users");
  await tab.press("Create user");
  await tab.fill("ID", "Carol");
  await page.getByRole("dialog").getByRole("button", { name: "Create user" }).click();
  await page.getByText("A lower case letter, then").waitFor();
  await tab.inspect("user-create");
  await tab.fill("ID", "carol");
  await tab.fill("Display name", "Carol");
  await tab.fill("Initial password", PASSWORD);
  await page.getByLabel("Require change at first login").uncheck();
  await page.getByRole("dialog").getByRole("button", { name: "Create user" }).click();
  await tab.heading("Carol");

  const port = freePort();
  await giveAccess(tab, port);
  const token = await issueCredential(tab);
  const carol = new Operator(lab, server.http, token);
  await carol.push("edge-01", port, "127.0.0.1:9");

  await changeAccess(tab);
  await page.getByRole("tab", { name: "Sessions" }).click();
  await page.getByText("Not signed in anywhere.").waitFor();
  await disable(tab);
  assert.equal((await carol.api("GET", "/v1/users/me")).status, 401, "disabled");

  await visit(tab, "Users");
  await page.getByLabel("Search users…").fill("caro");
  await page.getByText("Rows: 1").waitFor();
  await tab.inspect("users");
  await page.getByRole("link", { name: "carol" }).click();
  await resetPassword(tab);
  await tab.press("Delete user");
  await page.getByText(`Rule #0: edge-01, port ${port}`).waitFor();
  await tab.inspect("user-delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete user" }).click();
  await tab.heading("Users");
  assert.deepEqual((await operator.api("GET", "/v1/rules")).body, []);
});

/** Ports, caps and a quota on the only client. */
async function giveAccess(tab: Tab, port: number): Promise<void> {
  const { page } = tab;
  await page.getByText("No access yet").waitFor();
  await tab.press("Add quota");
  await page.getByRole("combobox", { name: "Client" }).click();
  await page.getByPlaceholder("Search clients…").fill("edge");
  await page.keyboard.press("Enter");
  await tab.fill("Port (start)", "20000");
  await tab.fill("Port (end)", "19999");
  await tab.press("Save");
  await page.getByText("Not below the start.").waitFor();
  await tab.fill("Port (start)", `${port}`);
  await tab.fill("Port (end)", `${port}`);
  await page.getByRole("switch", { name: "Unlimited" }).uncheck();
  await tab.fill("Bandwidth in", "100 Mbit/s");
  await page.getByText("= 11.9 MiB/s").waitFor();
  await tab.fill("Monthly quota", "10 GB");
  await tab.inspect("access-edit");
  await tab.press("Save");
  await page.getByText("↓ 11.9 MiB/s").waitFor();
  await page.getByText("0 B / 9.31 GiB · 0 %").waitFor();
  await tab.inspect("user");
}

/** More protocols, no caps, another quota, no usage. */
async function changeAccess(tab: Tab): Promise<void> {
  const { page } = tab;
  await page.getByRole("tab", { name: "Access and quotas" }).click();
  await page.getByRole("cell").getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("UDP").check();
  await page.getByRole("switch", { name: "Unlimited" }).check();
  await tab.fill("Monthly quota", "20 GB");
  await tab.press("Save");
  await page.getByText("TCP, UDP").waitFor();
  await page.getByText("0 B / 18.63 GiB").waitFor();
  await page.getByRole("cell").getByRole("button", { name: "Clear usage" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Clear usage" }).click();
  await page.getByText("The usage on edge-01 was cleared.").waitFor();
  await page.getByRole("cell").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByText("These rules end with it:").waitFor();
  await tab.inspect("access-remove");
  await tab.press("Cancel");
}

/** Issues one and returns its token, which only its button dismisses. */
async function issueCredential(tab: Tab): Promise<string> {
  const { page } = tab;
  await page.getByRole("tab", { name: "API credentials" }).click();
  await tab.press("Issue credential");
  await tab.fill("Label", "laptop");
  await page.getByRole("dialog").getByRole("button", { name: "Issue credential" }).click();
  await tab.heading("API token");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await tab.inspect("credential-token");
  const token = await page.locator("code.command").textContent() ?? "";
  assert.match(token, /^[\w-]{43}$/);
  await tab.press("Copy");
  await page.getByText("Copied").waitFor();
  await tab.press("I have kept it");
  await page.getByRole("cell", { name: "laptop" }).waitFor();
  assert.equal(await page.getByText(token).count(), 0, "nobody can show it again");
  await tab.inspect("credentials");
  return token;
}

async function disable(tab: Tab): Promise<void> {
  const { page } = tab;
  await page.locator(".page-head").getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Disabled").check();
  await tab.inspect("user-edit");
  await tab.press("Save");
  await page.locator(".page-head").getByText("Disabled").waitFor();
}

async function resetPassword(tab: Tab): Promise<void> {
  const { page } = tab;
  await tab.press("Reset password");
  await tab.inspect("user-reset");
  await page.getByRole("dialog").getByRole("button", { name: "Reset password" }).click();
  await tab.heading("Temporary password");
  await tab.press("I have kept it");
}

/** Signs in from elsewhere, and ends that from here. */
async function endOtherSession(
  { page }: Tab,
  open: () => Promise<Tab>,
  http: string,
): Promise<void> {
  const other = await open();
  await signIn(other, http, "carol");
  await page.reload();
  await page.getByRole("row").filter({ hasNotText: "This one" })
    .getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor({ state: "detached" });
  await other.page.getByRole("link", { name: "Clients", exact: true }).click();
  await other.page.getByText("Your session has ended.").waitFor();
  await other.page.close();
}

async function changePassword(tab: Tab): Promise<void> {
  const { page } = tab;
  await page.getByRole("tab", { name: "Password" }).click();
  await tab.fill("Current password", PASSWORD);
  await tab.fill("New password", "another passphrase");
  await tab.fill("Confirm password", "another passphrase");
  await tab.press("Change password");
  await page.getByText("The password was changed.").waitFor();
  await tab.inspect("account-password");
}

browserTest("a tenant sees their own account, and nobody else's", async (lab, open) => {
  const { server, operator } = await lab.connected();
  await operator.api("POST", "/v1/users", {
    user_id: "carol",
    display_name: "Carol",
    initial_password: PASSWORD,
  });
  await operator.api("POST", "/v1/grants", {
    user_id: "carol",
    client: "edge-01",
    listen_port_start: 1,
    listen_port_end: 65535,
    protocols: ["tcp"],
  });
  const tab = await open();
  const { page } = tab;
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await signIn(tab, server.http, "carol");
  assert.equal(await page.getByRole("link", { name: "Users" }).count(), 0);
  await page.getByRole("button", { name: "User menu" }).click();
  await page.getByRole("menuitem", { name: "My account" }).click();
  await tab.heading("Carol");
  await page.getByRole("link", { name: "edge-01" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Users" }).count(), 0, "no way to be denied");
  await page.getByText("1–65535").waitFor();
  await tab.inspect("account-tenant");
  await page.getByRole("tab", { name: "Access and quotas" }).focus();
  await page.keyboard.press("End");
  await page.getByLabel("Current password").waitFor();
  await page.getByRole("tab", { name: "Sessions" }).click();
  await page.getByText("This one").waitFor();
  await tab.inspect("account-sessions");
  await endOtherSession(tab, open, server.http);
  await changePassword(tab);
  await page.goto(`http://${server.http}/users/admin`);
  await tab.heading("Permission denied");
  await page.goto(`http://${server.http}/users`);
  await tab.heading("Permission denied");
  await tab.inspect("denied");
  assert.deepEqual(
    asked.filter((it) => /\/v1\/(users$|users\/admin|grants$|metrics|audit)/.test(it)),
    [],
  );
});
