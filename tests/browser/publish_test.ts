import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { freePort } from "../kit/ports.ts";
import { administered, publishingHere, visit } from "./console.ts";
import { browserTest, type Tab } from "./kit.ts";
import { FILE, SITE, statusOf } from "./published.ts";

browserTest("services get host names, a server is set up, a folder goes up", async (lab, open) => {
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
  tab.assertCalm("tunnels");
  await setUp(tab);
  await uploadFolder(tab);
  await server.process.stop();
});

/** The stages, of which the first is the server's and the others are answers it would give. */
async function setUp(tab: Tab): Promise<void> {
  const { page } = tab;
  await page.getByRole("tab", { name: "Sites" }).click();
  await page.getByText("Publishing is not set up yet").waitFor();
  await page.getByRole("link", { name: "Set-up" }).click();
  await tab.fill("Domain", "example.test");
  await tab.press("Save");
  await page.getByText("Give both.").waitFor();
  await tab.fill("E-mail", "ops@example.test");
  await tab.press("Save");
  await page.getByText("Add these records").waitFor();

  let status = statusOf("DOMAIN_SET");
  await page.route("**/v1/publish/status", (it) => it.fulfill({ json: status }));
  await page.route("**/v1/publish/verify-dns", (it) => {
    status = statusOf("DNS_READY");
    return it.fulfill({ json: FINDING });
  });
  await page.getByText("*.example.test. A 192.0.2.10").waitFor();
  await tab.inspect("setup-dns");
  await tab.press("Check DNS");
  await page.getByText("Names can have records of their own").waitFor();
  await tab.inspect("setup-provision");

  const failed = { ...statusOf("PROVISIONING", 1).provision };
  const tasks = failed.tasks.map((it, i) =>
    i === 1 ? { ...it, status: "error", message: "the authority does not answer" } as const : it
  );
  await page.route("**/v1/publish/provision", (it) => {
    status = statusOf("PROVISIONING");
    return it.fulfill({ status: 202, json: status });
  });
  await page.route("**/v1/publish/provision/stream", (it) =>
    it.fulfill({
      contentType: "text/event-stream",
      body: `event: state\ndata: ${JSON.stringify({ running: false, tasks })}\n\n`,
    }));
  await page.route("**/v1/publish/certificates", (it) => it.fulfill({ json: [] }));
  await tab.press("Set up");
  await page.getByText("the authority does not answer").waitFor();
  await tab.inspect("setup-failed");
  await page.getByRole("button", { name: "Try again" }).waitFor();
  status = statusOf("COMPLETED", 6);
  await page.getByText("Publishing is set up.").waitFor();
}

/** A site, a folder that goes up file by file, and one that is refused. */
async function uploadFolder(tab: Tab): Promise<void> {
  const { page } = tab;
  const files = [FILE];
  await page.route("**/v1/sites", (it) => it.fulfill({ json: [SITE] }));
  await page.route(`**/v1/sites/${SITE.id}`, (it) => it.fulfill({ json: SITE }));
  await page.route(`**/v1/sites/${SITE.id}/files**`, (it) => {
    if (it.request().method() === "GET") return it.fulfill({ json: files });
    const path = new URL(it.request().url()).searchParams.get("path") ?? "";
    if (path.endsWith(".exe")) return it.fulfill({ status: 422, json: REFUSED });
    files.push({ ...FILE, name: path, path });
    return it.fulfill({ json: { files: 1, bytes: 3 } });
  });
  tab.expectStatus(422);
  await page.getByRole("tab", { name: "Sites" }).click();
  await tab.inspect("sites");
  await page.getByRole("link", { name: "blog.example.test" }).click();
  await tab.heading("blog.example.test");
  await page.getByLabel("Choose files").setInputFiles([
    { name: "a.css", mimeType: "text/css", buffer: Buffer.from("a{}") },
    { name: "b.exe", mimeType: "application/x-msdownload", buffer: Buffer.alloc(3) },
    { name: "c.js", mimeType: "text/javascript", buffer: Buffer.from("c()") },
  ]);
  await page.getByText("2 of 3 files").waitFor();
  await page.getByText("b.exe: this type is not allowed").waitFor();
  await page.getByRole("cell", { name: "c.js", exact: true }).waitFor();
  await tab.inspect("site");
}

const FINDING = {
  ok: true,
  domain: "example.test",
  resolved_ips: ["192.0.2.10"],
  expected_ip: "192.0.2.10",
  message: "example.test has 192.0.2.10, as expected",
  wildcard_ok: false,
  wildcard_resolved_ips: [],
  wildcard_message: "probe.example.test has no A record",
};

const REFUSED = {
  error: { code: "file_type_not_allowed", message: "b.exe: this type is not allowed" },
};

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
