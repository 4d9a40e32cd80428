/**
 * The login of a protected host, in a browser that knows console and host by name.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../scripts/testing/chromium.ts";
import { totpCode } from "../../src/identity/totp.ts";
import { loadUiAssets } from "../../src/server/ui_assets.ts";
import { systemRandom } from "../../src/system/random.ts";
import { generateSelfSigned } from "../../src/wire/self_signed.ts";
import { ApiFixture } from "../kit/api_fixture.ts";
import { skip } from "../kit/skip.ts";
import { PASSWORD } from "./console.ts";
import { bundled, Tab } from "./kit.ts";

const HOST = "app.example.test";
const NAME = "people reach a protected host by way of the console, with all they need for that";
const SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/** The console and a host behind its gate, both over TLS on loopback. */
async function serve(stack: AsyncDisposableStack) {
  const api = stack.use(new ApiFixture());
  for (const [name, content] of loadUiAssets()) api.ui.set(name, content);
  const { certPem: cert, keyPem: key } = await generateSelfSigned({
    commonName: "example.test",
    names: ["*.example.test"],
    nowMs: Date.now(),
    random: systemRandom,
  });
  const tls = { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => undefined };
  const console = Deno.serve(
    tls,
    (request) => api.api.app.fetch(request, { remoteIp: "127.0.0.1" }),
  );
  stack.defer(() => console.shutdown());
  api.publicOrigin = `https://console.example.test:${console.addr.port}`;
  assert.ok(api.publish);
  const gate = await api.publish.logins.gate();
  const target = { kind: "proxy", upstream: { hostname: "127.0.0.1", port: 1 } } as const;
  api.publish.table.put(HOST, target, { users: ["alice"] });
  const host = Deno.serve(tls, async (request) => {
    const admission = await gate.admit(request, HOST);
    if (admission.kind === "answer") return admission.response;
    const { pathname, search } = new URL(request.url);
    const text = `<!doctype html><title>App</title><h1>Hello ${admission.user}</h1>` +
      `<link rel="icon" href="data:,"><p>${pathname}${search}</p>`;
    return new Response(text, { headers: { "Content-Type": "text/html" } });
  });
  stack.defer(() => host.shutdown());
  return { api, origin: api.publicOrigin, app: `https://${HOST}:${host.addr.port}` };
}

async function openTab(browser: Browser): Promise<Tab> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
  });
  return new Tab(await context.newPage());
}

async function signIn(tab: Tab, userId: string): Promise<void> {
  await tab.fill("User ID", userId);
  await tab.fill("Password", PASSWORD);
  await tab.press("Sign in");
}

type Served = Awaited<ReturnType<typeof serve>>;

/** With a second factor, back to the very address, and past the login the next time. */
async function visit(browser: Browser, { api, app }: Served): Promise<void> {
  api.setPassword("alice", PASSWORD);
  api.identity.users.setTotp("alice", { secret: SECRET, lastStep: 1 });
  const tab = await openTab(browser);
  await tab.page.goto(`${app}/deep/page?x=1`);
  await signIn(tab, "alice");
  await tab.fill("One-time code", await totpCode(SECRET, api.clock.now()));
  await tab.inspect("login-code");
  await tab.press("Sign in");
  await tab.heading("Hello alice");
  assert.equal(tab.page.url(), `${app}/deep/page?x=1`);
  await tab.page.context().clearCookies({ name: "__Host-portunus_site" });
  await tab.page.goto(`${app}/again`);
  await tab.heading("Hello alice");
  await tab.page.goto(`${app}/.portunus/logout`);
  await tab.press("Log out");
  await tab.heading("Logged out");
  tab.assertCalm("visit");
}

/** Whom the host does not list hears that at the console. */
async function isRefused(browser: Browser, { api, app }: Served): Promise<void> {
  api.setPassword("bob", PASSWORD);
  const tab = await openTab(browser);
  tab.expectStatus(403);
  await tab.page.goto(app);
  await signIn(tab, "bob");
  await tab.page.getByText("You are signed in as bob.").waitFor();
  await tab.inspect("authorize-refused");
}

/** From the link to an account with a second factor. */
async function isInvited(browser: Browser, { api, origin }: Served): Promise<void> {
  const { json } = await api.post("/v1/invitations", { user_id: "dave", display_name: "Dave" });
  const { url } = json as { url: string };
  const tab = await openTab(browser);
  await tab.page.goto(url);
  await tab.page.getByText("Welcome, Dave.").waitFor();
  assert.equal(tab.page.url(), `${origin}/invite`, "the token is in no history");
  await tab.inspect("invite");
  await tab.fill("Password", PASSWORD);
  await tab.fill("Confirm password", PASSWORD);
  await tab.press("Create my account");
  await tab.page.getByRole("navigation").getByRole("link", { name: "Settings" }).click();
  await tab.press("Set up");
  await tab.page.getByRole("img", { name: "QR code with the secret" }).waitFor();
  await tab.inspect("second-factor");
  const secret = await tab.page.locator("code.command").textContent() ?? "";
  await tab.fill("One-time code", "000000");
  await tab.press("Switch on");
  await tab.page.getByRole("alert").waitFor();
  await tab.fill("One-time code", await totpCode(secret, api.clock.now()));
  await tab.press("Switch on");
  await tab.page.getByText("The second factor is on.").waitFor();
  assert.equal((await api.accounts.store.account("dave"))?.totpEnabled, true);
}

Deno.test(NAME, async () => {
  const browser = await launchChromium(["--host-resolver-rules=MAP *.example.test 127.0.0.1"]);
  if (browser === null) return skip(NAME, "Debian's chromium is not installed");
  await using stack = new AsyncDisposableStack();
  stack.defer(() => browser.close());
  await bundled();
  await Deno.mkdir(new URL("out/", import.meta.url), { recursive: true });
  const served = await serve(stack);
  await visit(browser, served);
  await isRefused(browser, served);
  await isInvited(browser, served);
});
