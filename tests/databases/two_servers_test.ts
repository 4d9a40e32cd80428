/**
 * Real servers that share one database: what one does holds on the other.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DATABASE_KINDS, databaseUrls } from "../kit/databases.ts";
import { HttpBrowser } from "../kit/http_browser.ts";
import { labTest } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import { PATIENCE_MS } from "../kit/process.ts";
import { empty, login, me, onboard, PASSWORD, sharedServer, token } from "../kit/shared_servers.ts";
import { echoTarget } from "../kit/targets.ts";

const urls = await databaseUrls();
for (const kind of DATABASE_KINDS) {
  labTest(
    `two servers on ${kind}: sessions, tokens, locks and removals hold on both`,
    async (lab) => {
      await empty(kind, urls[kind]);
      const [a, b] = await Promise.all([
        sharedServer(lab, "a", kind, { url: urls[kind] }),
        sharedServer(lab, "b", kind, { url: urls[kind] }),
      ]);
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
    const replica = { url, replicaPath: "accounts.db" };
    const [a, timed, untimed] = await Promise.all([
      sharedServer(lab, "a", "libsql", { url }),
      sharedServer(lab, "b", "libsql", { ...replica, syncIntervalSecs: 1 }),
      sharedServer(lab, "c", "libsql", { ...replica, syncIntervalSecs: 0 }),
    ]);
    await onboard(a);
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
