import assert from "node:assert/strict";
import { freePort } from "../kit/ports.ts";
import { administered, PASSWORD, visit } from "./console.ts";
import { browserTest, type Tab } from "./kit.ts";

browserTest("the console says what is wrong, and goes on by itself", async (lab, open) => {
  const { tab, operator, server } = await administered(lab, open);
  const { page } = tab;
  await operator.push("edge-01", freePort(), "127.0.0.1:9");
  for (const status of [0, 500, 503]) tab.expectStatus(status);
  await brokenServer(tab);
  await slowServer(tab);
  await offline(tab);
  await brokenStream(tab);
  await page.goto(`http://${server.http}/nowhere`);
  await tab.heading("There is nothing here");
  await tab.inspect("not-found");
});

/** A failure, with what to do about it, over data that stays; gone when the server is well. */
async function brokenServer(tab: Tab): Promise<void> {
  const { page } = tab;
  await visit(tab, "Rules");
  await page.getByText("Rows: 1").waitFor();
  await page.route("**/v1/rules**", (it) =>
    it.fulfill({
      status: 503,
      contentType: "application/json",
      body: '{"error":{"code":"identity_backend_unavailable","message":"no answer"}}',
    }));
  const banner = page.getByRole("alert").filter({ hasText: "identity_backend_unavailable" });
  await banner.getByText("The database of accounts does not answer.").waitFor();
  await page.getByText("Rows: 1").waitFor();
  await tab.inspect("trouble-banner");
  await page.unroute("**/v1/rules**");
  await banner.getByRole("button", { name: "Try again" }).click();
  await banner.waitFor({ state: "detached" });

  await page.route("**/v1/users/me", (it) => it.fulfill({ status: 500, body: "oops" }));
  await page.reload();
  await page.getByText("http_500: oops").waitFor();
  await tab.inspect("trouble-start");
  await page.unroute("**/v1/users/me");
  await tab.heading("Rules");
}

/** What takes long is said to; it comes all the same. */
async function slowServer(tab: Tab): Promise<void> {
  const { page } = tab;
  const waiting = Promise.withResolvers<void>();
  await page.route("**/v1/clients", async (it) => {
    await waiting.promise;
    await it.continue();
  });
  await page.reload();
  await page.getByRole("navigation").getByRole("link", { name: "Clients" }).click();
  await page.getByText("This takes longer than usual…").waitFor();
  await tab.inspect("trouble-slow");
  waiting.resolve();
  await tab.heading("Clients");
  await page.unroute("**/v1/clients");
}

/** Without a network data stays and is marked; pages that were never loaded can be tried again. */
async function offline(tab: Tab): Promise<void> {
  const { page } = tab;
  await page.context().setOffline(true);
  const banner = page.getByRole("alert").filter({ hasText: "The server does not answer." });
  await banner.getByText("This page goes on by itself.").waitFor();
  await tab.inspect("trouble-offline");
  await page.getByRole("navigation").getByRole("link", { name: "Settings" }).click();
  await tab.heading("This page could not be loaded");
  await page.context().setOffline(false);
  await tab.press("Reload");
  await tab.heading("Settings");
}

/** A stream that breaks is opened again, and polled for meanwhile; the page says which. */
async function brokenStream(tab: Tab): Promise<void> {
  const { page } = tab;
  const stream = "**/v1/rules/0/stats/stream**";
  await page.route(stream, (it) => it.abort());
  await visit(tab, "Rules");
  await page.getByRole("link", { name: "#0", exact: true }).click();
  await page.getByText("Polling", { exact: true }).waitFor();
  await page.unroute(stream);
  await page.getByText("Streaming", { exact: true }).waitFor();
}

browserTest("sessions that end and passwords that must change lead back", async (lab, open) => {
  const { tab, operator, server } = await administered(lab, open);
  const { page } = tab;
  await visit(tab, "Clients");
  await page.context().clearCookies();
  await page.getByText("Your session has ended. Sign in again.").waitFor();
  await tab.inspect("session-expired");
  await tab.fill("User ID", "admin");
  await tab.fill("Password", PASSWORD);
  await tab.press("Sign in");
  await tab.heading("Clients");

  await operator.api("POST", "/v1/users", {
    user_id: "tom",
    display_name: "Tom",
    role: "user",
    initial_password: PASSWORD,
    password_change_required: true,
  });
  const tenant = await open();
  tenant.expectStatus(403);
  await tenant.page.goto(`http://${server.http}/login`);
  await tenant.fill("User ID", "tom");
  await tenant.fill("Password", PASSWORD);
  await tenant.press("Sign in");
  await tenant.heading("Change password");
  await tenant.page.reload();
  await tenant.page.getByLabel("Current password").waitFor();
  await tenant.inspect("password-change");
  await tenant.fill("Current password", PASSWORD);
  await tenant.fill("New password", `${PASSWORD} again`);
  await tenant.fill("Confirm password", `${PASSWORD} again`);
  await tenant.press("Change password");
  await tenant.heading("Hello, Tom");
  assert.equal(new URL(tenant.page.url()).pathname, "/");
});
