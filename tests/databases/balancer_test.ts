/**
 * Two servers behind a balancer that hands each connection to the other one, while PostgreSQL is
 * restarted under them: no session and no page is lost.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseLab, type DatabaseServer } from "../../scripts/testing/databases.ts";
import { visit } from "../browser/console.ts";
import { browserTest, type Tab } from "../browser/kit.ts";
import { RoundRobin } from "../kit/balancer.ts";
import { HttpBrowser } from "../kit/http_browser.ts";
import type { Lab, ServerHandle } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import {
  login,
  me,
  onboard,
  PASSWORD,
  sharedServer,
  token,
  untilReady,
} from "../kit/shared_servers.ts";

/** Two servers, their balancer and their database, where `admin` can sign in. */
interface Pair {
  readonly database: DatabaseServer;
  readonly servers: readonly [ServerHandle, ServerHandle];
  readonly balancer: RoundRobin;
}

async function openPair(lab: Lab): Promise<Pair> {
  const databases = lab.use(await DatabaseLab.open());
  const database = await databases.postgres(freePort());
  const [a, b] = await Promise.all([
    sharedServer(lab, "a", "postgres", { url: database.url }),
    sharedServer(lab, "b", "postgres", { url: database.url }),
  ]);
  await onboard(a);
  return { database, servers: [a, b], balancer: lab.use(new RoundRobin([a.http, b.http])) };
}

browserTest(
  "two servers behind a balancer outlive a restart of their database",
  async (lab, open) => {
    const pair = await openPair(lab);
    await scripts(lab, pair);
    await browsers(pair, open);
  },
);

/** What speaks HTTP by itself, and connects anew for every request. */
async function scripts(lab: Lab, { database, servers: [a, b], balancer }: Pair): Promise<void> {
  using browser = new HttpBrowser(balancer.address);
  assert.equal(await login(browser, "admin"), "200");
  for (let i = 0; i < 4; i++) assert.equal(await me(browser), "200");
  const bearer = await token(browser, "admin");

  await database.kill();
  for (let i = 0; i < 2; i++) {
    assert.equal(await me(browser), "503 identity_backend_unavailable");
    assert.equal(await login(browser, "admin"), "503 identity_backend_unavailable");
    const ready = await browser.request("GET", "/readyz");
    assert.deepEqual([ready.status, ready.json["identity"]], [503, "error"]);
    const status = await browser.request("GET", "/v1/auth/status");
    assert.notDeepEqual(status.json, { onboarding_required: true });
  }
  for (const { metrics } of [a, b]) {
    const text = await (await fetch(`http://${metrics}/metrics`)).text();
    assert.match(text, /^portunus_identity_backend_up\{backend="postgres"\} 0$/m);
  }
  await database.start();
  for (const { http } of [a, b]) await untilReady(http);

  // The same session goes on, a new one begins, and both servers serve.
  for (let i = 0; i < 2; i++) assert.equal(await me(browser), "200");
  for (const { http } of [a, b]) {
    assert.equal((await new Operator(lab, http, bearer).api("GET", "/v1/users")).status, 200);
  }
  using again = new HttpBrowser(balancer.address);
  assert.equal(await login(again, "admin"), "200");
  assert.equal((await again.request("POST", "/v1/auth/logout", {})).status, 204);
  for (let i = 0; i < 2; i++) assert.equal(await me(again), "401 credential_invalid");
  const { served } = balancer;
  assert.ok(served.every((n) => n >= 8), `${served}`);
  const log = a.process.transcript() + b.process.transcript();
  assert.ok(!log.includes(PASSWORD));
}

/** Three tabs: one that stays where it is, one that is loaded anew, and one that signs in. */
async function browsers(
  { database, servers, balancer }: Pair,
  open: () => Promise<Tab>,
): Promise<void> {
  const address = `http://${balancer.address}`;
  const before = [...balancer.served];
  const [staying, reloading, coming] = [await open(), await open(), await open()];
  for (const tab of [staying, reloading]) {
    await tab.page.goto(`${address}/login`);
    await signIn(tab);
    for (const place of ["Rules", "Users", "Clients"]) await visit(tab, place);
  }
  await coming.page.goto(`${address}/login`);

  await database.kill();
  for (const tab of [staying, reloading, coming]) tab.expectStatus(503);
  // What is on this page is asked for once.
  await visit(staying, "Settings");
  await troubled(staying);
  await staying.picture("database-away");
  await reloading.page.reload();
  await troubled(reloading);
  await reloading.picture("database-away-reloaded");
  await press(coming);
  await troubled(coming);
  await coming.picture("database-away-login");

  await database.start();
  for (const { http } of servers) await untilReady(http);
  // Nobody touches these two.
  for (const tab of [staying, reloading]) {
    await tab.page.getByRole("alert").first().waitFor({ state: "detached" });
    await tab.page.getByRole("button", { name: "User menu" }).waitFor();
  }
  await reloading.heading("Clients");
  await staying.page.getByText("In effect", { exact: true }).waitFor();
  await coming.press("Sign in");
  await coming.page.getByRole("button", { name: "User menu" }).waitFor();
  for (const tab of [staying, reloading, coming]) {
    await visit(tab, "Users");
    await tab.page.getByRole("link", { name: "admin" }).first().waitFor();
    tab.assertCalm("balanced");
  }
  await signOut(staying);
  const { served } = balancer;
  assert.ok(served.every((n, i) => n >= (before[i] ?? 0) + 3), `${before} ${served}`);
}

/** Says in words what is wrong, beside the code for whoever is asked about it. */
async function troubled({ page }: Tab): Promise<void> {
  const alert = page.getByRole("alert").filter({ hasText: "identity_backend_unavailable" });
  await alert.getByText("The database of accounts does not answer.").first().waitFor();
}

async function press(tab: Tab): Promise<void> {
  await tab.fill("User ID", "admin");
  await tab.fill("Password", PASSWORD);
  await tab.press("Sign in");
}

async function signIn(tab: Tab): Promise<void> {
  await press(tab);
  await tab.page.getByRole("button", { name: "User menu" }).waitFor();
}

async function signOut(tab: Tab): Promise<void> {
  await tab.page.getByRole("button", { name: "User menu" }).click();
  await tab.page.getByRole("menuitem", { name: "Sign out" }).click();
  await tab.heading("Sign in");
}
