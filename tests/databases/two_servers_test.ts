/**
 * Real servers that share one database: what one does holds on the other.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseLab } from "../../scripts/testing/databases.ts";
import { RoundRobin } from "../kit/balancer.ts";
import {
  DATABASE_KINDS,
  databaseConfig,
  type DatabaseKind,
  databaseUrls,
  openEmpty,
} from "../kit/databases.ts";
import { HttpBrowser } from "../kit/http_browser.ts";
import { type Lab, labTest, type ServerHandle } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import { PATIENCE_MS } from "../kit/process.ts";
import { echoTarget } from "../kit/targets.ts";

const urls = await databaseUrls();
const PASSWORD = "correct horse battery";

/** A server whose accounts are in the database at `url`. */
function sharedServer(
  lab: Lab,
  dir: string,
  kind: DatabaseKind,
  { url, ...settings }: Readonly<Record<string, string | number>> & { readonly url: string },
) {
  const listen = () => `127.0.0.1:${freePort()}`;
  return lab.server({
    dir,
    env: { TEST_DATABASE_URL: url },
    config: {
      control_listen: listen(),
      operator_http_listen: listen(),
      metrics_listen: listen(),
      [`backend.${kind}.url`]: "${TEST_DATABASE_URL}",
      [`backend.${kind}.timeout`]: "5s",
      ...Object.fromEntries(
        Object.entries(settings).map(([key, value]) => [`backend.${kind}.${key}`, value]),
      ),
    },
  });
}

/** Creates the administrator with the setup token that this server printed. */
async function onboard(server: ServerHandle): Promise<void> {
  const line = await server.process.stderrLine("Portunus onboarding setup token:");
  using browser = new HttpBrowser(server.http);
  const { outcome } = await browser.request("POST", "/v1/auth/onboarding", {
    user_id: "admin",
    display_name: "Admin",
    password: PASSWORD,
    password_confirm: PASSWORD,
    setup_token: line.split(" ").at(-1),
  });
  assert.equal(outcome, "201");
}

async function login(browser: HttpBrowser, userId: string, password = PASSWORD): Promise<string> {
  const credentials = { user_id: userId, password };
  return (await browser.request("POST", "/v1/auth/login", credentials)).outcome;
}

const me = async (browser: HttpBrowser) => (await browser.request("GET", "/v1/users/me")).outcome;

async function token(browser: HttpBrowser, userId: string): Promise<string> {
  const { json, outcome } = await browser.request("POST", `/v1/users/${userId}/credentials`, {});
  assert.equal(outcome, "201");
  return String(json["token"]);
}

/** Resolves when the server says that it can do its work, which it asks its database each time. */
async function untilReady(http: string): Promise<void> {
  const giveUp = AbortSignal.timeout(PATIENCE_MS);
  while (true) {
    const response = await fetch(`http://${http}/readyz`, { signal: giveUp });
    await response.body?.cancel();
    if (response.ok) return;
  }
}

/** An empty database of accounts. */
async function empty(kind: DatabaseKind, url: string): Promise<void> {
  (await openEmpty(databaseConfig(kind, url)))[Symbol.dispose]();
}

for (const kind of DATABASE_KINDS) {
  labTest(
    `two servers on ${kind}: sessions, tokens, locks and removals hold on both`,
    async (lab) => {
      await empty(kind, urls[kind]);
      const a = await sharedServer(lab, "a", kind, { url: urls[kind] });
      const b = await sharedServer(lab, "b", kind, { url: urls[kind] });
      await onboard(a);
      using onA = new HttpBrowser(a.http);
      assert.equal(await login(onA, "admin"), "200");
      using late = new HttpBrowser(b.http);
      const status = await late.request("GET", "/v1/auth/status");
      assert.deepEqual(status.json, { onboarding_required: false });

      // A user made on A works on B, forwards there, and is gone there when A removes them.
      assert.equal(
        (await onA.request("POST", "/v1/users", {
          user_id: "alice",
          display_name: "Alice",
          initial_password: PASSWORD,
        })).outcome,
        "201",
      );
      using onB = new HttpBrowser(b.http);
      assert.equal(await login(onB, "alice"), "200");
      assert.equal(await me(onB), "200");
      const alice = new Operator(lab, b.http, await token(onA, "alice"));
      assert.equal((await alice.api("GET", "/v1/rules")).status, 200);
      assert.equal((await onA.request("DELETE", "/v1/users/alice")).outcome, "200");
      assert.equal(await me(onB), "401 credential_invalid");
      assert.equal((await alice.api("GET", "/v1/rules")).status, 401);

      // Guesses at A and B are counted together.
      using guesser = new HttpBrowser(a.http);
      using other = new HttpBrowser(b.http);
      const guesses = [guesser, other, guesser, other, guesser];
      for (const browser of guesses) {
        assert.equal(await login(browser, "admin", "wrong password!"), "401 invalid_login");
      }
      assert.equal(await login(other, "admin"), "429 rate_limited");
    },
  );
}

/** Asks with a token until the answer has that status. */
async function untilStatus(operator: Operator, status: number): Promise<void> {
  const giveUp = performance.now() + PATIENCE_MS;
  while ((await operator.api("GET", "/v1/rules")).status !== status) {
    assert.ok(performance.now() < giveUp, `no ${status} within ${PATIENCE_MS} ms`);
  }
}

labTest(
  "with a replica a revocation elsewhere comes with the next sync, or with SIGHUP",
  async (lab) => {
    const url = urls.libsql;
    await empty("libsql", url);
    const a = await sharedServer(lab, "a", "libsql", { url });
    await onboard(a);
    const replica = { url, replicaPath: "accounts.db" };
    const timed = await sharedServer(lab, "b", "libsql", { ...replica, syncIntervalSecs: 1 });
    const untimed = await sharedServer(lab, "c", "libsql", { ...replica, syncIntervalSecs: 0 });
    using browser = new HttpBrowser(a.http);
    assert.equal(await login(browser, "admin"), "200");
    const bearer = await token(browser, "admin");
    const [onTimed, onUntimed] = [timed, untimed].map(({ http }) =>
      new Operator(lab, http, bearer)
    );
    assert.ok(onTimed && onUntimed);
    // Made elsewhere, and good at once.
    assert.equal((await onTimed.api("GET", "/v1/rules")).status, 200);
    untimed.process.signal("SIGHUP");
    await untimed.process.event("config.reloaded");
    assert.equal((await onUntimed.api("GET", "/v1/rules")).status, 200);

    const { json } = await browser.request("GET", "/v1/users/admin/credentials");
    const [credential] = json as unknown as readonly { readonly credential_id: string }[];
    const path = `/v1/users/admin/credentials/${credential?.credential_id}`;
    assert.equal((await browser.request("DELETE", path)).status, 204);
    await untilStatus(onTimed, 401);
    const mark = untimed.process.mark();
    untimed.process.signal("SIGHUP");
    await untimed.process.event("config.reloaded", {}, mark);
    await untilStatus(onUntimed, 401);
  },
);

labTest("rules and grants on one server belong to users of the shared database", async (lab) => {
  await empty("postgres", urls.postgres);
  const server = await sharedServer(lab, "a", "postgres", { url: urls.postgres });
  await onboard(server);
  using browser = new HttpBrowser(server.http);
  assert.equal(await login(browser, "admin"), "200");
  const admin = new Operator(lab, server.http, await token(browser, "admin"));
  const client = lab.client({ bundle: await admin.enroll("edge-01", lab.path("bundle.json")) });
  await client.event("control.connected");
  const port = freePort();
  const user = { user_id: "alice", display_name: "Alice" };
  assert.equal((await browser.request("POST", "/v1/users", user)).outcome, "201");
  const grant = { client: "edge-01", listen_port_start: port, listen_port_end: port };
  const granted = await browser.request("POST", "/v1/grants", {
    user_id: "alice",
    protocols: ["tcp"],
    ...grant,
  });
  assert.equal(granted.outcome, "201");
  const alice = new Operator(lab, server.http, await token(browser, "alice"));
  const target = lab.use(echoTarget());
  const ruleId = await alice.push("edge-01", port, `127.0.0.1:${target.port}`);
  assert.equal((await browser.request("DELETE", "/v1/users/alice")).outcome, "200");
  await client.event("rule.removed", { rule_id: ruleId });
  const grants = await browser.request("GET", "/v1/grants");
  assert.deepEqual(grants.json, []);
});

labTest("behind a round-robin balancer, with the database restarted in the middle", async (lab) => {
  const databases = lab.use(await DatabaseLab.open());
  const database = await databases.postgres(freePort());
  const a = await sharedServer(lab, "a", "postgres", { url: database.url });
  const b = await sharedServer(lab, "b", "postgres", { url: database.url });
  await onboard(a);
  const balancer = lab.use(new RoundRobin([a.http, b.http]));
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
});
