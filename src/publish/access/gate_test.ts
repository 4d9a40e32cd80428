import assert from "node:assert/strict";
import { PUBLISH_ACCESS } from "../../core/publish_limits.ts";
import { systemRandom } from "../../system/random.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { Authorizer } from "./authorize.ts";
import { LoginGate } from "./gate.ts";
import { OneTimeCodes } from "./one_time_codes.ts";
import { SiteSessions } from "./site_sessions.ts";
import type { HostPolicy } from "../host_table.ts";
import { Visitors } from "./visitors.ts";

const HOST = "app.example.test";
const OTHER = "blog.example.test";
const ORIGIN = "https://console.example.test:7080";

interface User {
  disabled: boolean;
  role: "user" | "superadmin";
  hash: string;
}

/** A gate before two hosts, and people in memory. */
class World {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly users = new Map<string, User>([
    ["alice", { disabled: false, role: "user", hash: "a" }],
    ["bob", { disabled: false, role: "user", hash: "b" }],
    ["root", { disabled: false, role: "superadmin", hash: "r" }],
  ]);
  readonly policies = new Map<string, HostPolicy>([
    [HOST, { users: ["alice"] }],
    [OTHER, { users: null }],
  ]);
  publicOrigin: string | null = ORIGIN;
  lookUps = 0;
  failing = false;
  readonly #hosts = { policyOf: (host: string) => this.policies.get(host) };
  readonly #visitors = new Visitors({
    clock: this.clock,
    store: {
      account: (userId) => {
        this.lookUps++;
        if (this.failing) return Promise.reject(new Error("gone"));
        const user = this.users.get(userId);
        return Promise.resolve(
          user && {
            userId,
            role: user.role,
            displayName: userId,
            disabled: user.disabled,
            createdAt: Temporal.Instant.from("2026-01-01T00:00:00Z"),
            hasPassword: true,
            passwordChangeRequired: false,
            credentialCount: 0,
            email: null,
            totpEnabled: false,
          },
        );
      },
      passwordHash: (userId) => Promise.resolve(this.users.get(userId)?.hash ?? null),
    },
  });
  readonly codes = new OneTimeCodes({ clock: this.clock, random: systemRandom });
  readonly #parts = {
    hosts: this.#hosts,
    visitors: this.#visitors,
    codes: this.codes,
    clock: this.clock,
    random: systemRandom,
    logger: this.logger,
  };
  readonly authorizer = new Authorizer(this.#parts);
  gate = this.newGate();

  newGate(key = new Uint8Array(32).fill(7)): LoginGate {
    const sessions = new SiteSessions({ key, clock: this.clock, random: systemRandom });
    return new LoginGate({ ...this.#parts, sessions, publicOrigin: () => this.publicOrigin });
  }
}

/** A browser on one host: keeps cookies. */
class Browser {
  readonly cookies = new Map<string, string>();

  constructor(readonly world: World, readonly host = HOST) {}

  async send(path: string, init: RequestInit = {}) {
    const headers = new Headers(init.headers);
    const own = [...this.cookies].map(([name, value]) => `${name}=${value}`);
    const others = headers.get("cookie");
    if (own.length > 0) headers.set("cookie", [...own, ...others ? [others] : []].join("; "));
    const request = new Request(`https://${this.host}${path}`, { ...init, headers });
    const admission = await this.world.gate.admit(request, this.host);
    const set = admission.kind === "admitted"
      ? admission.setCookie
      : admission.response.headers.get("set-cookie");
    if (set) this.#keep(set);
    return admission;
  }

  async answer(path: string, init: RequestInit = {}): Promise<Response> {
    const admission = await this.send(path, init);
    assert.equal(admission.kind, "answer");
    return admission.kind === "answer" ? admission.response : assert.fail();
  }

  async admitted(path: string, init: RequestInit = {}) {
    const admission = await this.send(path, init);
    return admission.kind === "admitted"
      ? admission
      : assert.fail(`${admission.response.status}: ${await admission.response.text()}`);
  }

  /** Where the gate sends the browser for a login. */
  async redirect(path: string): Promise<URLSearchParams> {
    const response = await this.answer(path);
    assert.equal(response.status, 302);
    const location = new URL(response.headers.get("location") ?? "");
    assert.equal(location.origin + location.pathname, `${ORIGIN}/publish/authorize`);
    return location.searchParams;
  }

  /** The way back, for somebody logged in at the operator's origin as `userId`. */
  async callback(userId: string, path = "/"): Promise<string> {
    const query = await this.redirect(path);
    const { location } = await this.world.authorizer.authorize({
      userId,
      target: query.get("rd") ?? "",
      state: query.get("state") ?? "",
    });
    const url = new URL(location);
    assert.equal(url.host, this.host);
    return url.pathname + url.search;
  }

  async logIn(userId: string): Promise<void> {
    const response = await this.answer(await this.callback(userId));
    assert.equal(response.status, 302, await response.text());
  }

  #keep(set: string): void {
    const [pair = "", ...attributes] = set.split("; ");
    for (const needed of ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]) {
      assert.ok(attributes.includes(needed), set);
    }
    assert.ok(pair.startsWith("__Host-") && !/domain/i.test(set), set);
    const [name = "", value = ""] = pair.split("=");
    if (attributes.includes("Max-Age=0")) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

Deno.test("LoginGate: a login leads back to the address, with a session of that host", async () => {
  const browser = new Browser(new World());
  const query = await browser.redirect("/a/b?c=%2F&d=1");
  assert.equal(query.get("rd"), `https://${HOST}/a/b?c=%2F&d=1`);
  const back = await browser.answer(await browser.callback("alice", "/a/b?c=%2F&d=1"));
  assert.equal(back.headers.get("location"), `https://${HOST}/a/b?c=%2F&d=1`);
  assert.equal(back.headers.get("cache-control"), "no-store");
  assert.equal(back.headers.get("referrer-policy"), "no-referrer");
  const { user, groups, setCookie } = await browser.admitted("/");
  assert.deepEqual([user, groups, setCookie], ["alice", ["users"], null]);
});

Deno.test("LoginGate: what stands behind the host sees its own cookies only", async () => {
  const browser = new Browser(new World());
  await browser.logIn("alice");
  assert.equal((await browser.admitted("/")).cookie, null);
  const { cookie } = await browser.admitted("/", { headers: { cookie: "a=1; b=x=y" } });
  assert.equal(cookie, "a=1; b=x=y");
});

Deno.test("LoginGate: a code counts once, for a minute, on its host, in its browser", async () => {
  const world = new World();
  const refused = async (browser: Browser, path: string) => {
    const response = await browser.answer(path);
    assert.equal(response.status, 401);
    assert.ok(!browser.cookies.has("__Host-portunus_site"));
  };
  const twice = new Browser(world);
  const used = await twice.callback("alice");
  await twice.answer(used);
  twice.cookies.delete("__Host-portunus_site");
  await refused(twice, used);

  const slow = new Browser(world);
  const late = await slow.callback("alice");
  world.clock.advance(PUBLISH_ACCESS.codeTtlSecs * 1_000);
  await refused(slow, late);

  const [here, elsewhere] = [new Browser(world), new Browser(world, OTHER)];
  const code = await here.callback("alice");
  await elsewhere.redirect("/");
  await refused(elsewhere, code);
  await refused(here, code);

  // A link that somebody else made, with a code of theirs: in a browser that began a login, or not.
  const attacker = new Browser(world);
  const victims = [new Browser(world), new Browser(world)];
  await victims[0]?.redirect("/");
  for (const victim of victims) await refused(victim, await attacker.callback("alice"));
  for (const none of ["/.portunus/callback", "/.portunus/callback?code="]) {
    await refused(here, none);
  }
});

Deno.test("LoginGate: only pages are redirected; the rest hears 401", async () => {
  const browser = new Browser(new World());
  const others: RequestInit[] = [
    { method: "POST", body: "x" },
    { method: "PUT" },
    { method: "DELETE" },
    { method: "OPTIONS" },
    { headers: { upgrade: "websocket", connection: "upgrade" } },
    { headers: { "sec-fetch-mode": "cors" } },
    { headers: { "sec-fetch-mode": "no-cors" } },
  ];
  for (const init of others) {
    const response = await browser.answer("/", init);
    assert.equal(response.status, 401, JSON.stringify(init));
    assert.equal(response.headers.get("set-cookie"), null);
    assert.ok(response.headers.has("www-authenticate"));
  }
  for (const init of [{ method: "HEAD" }, { headers: { "sec-fetch-mode": "navigate" } }]) {
    assert.equal((await browser.answer("/", init)).status, 302);
  }
});

Deno.test("LoginGate: pages that are opened together wait for one login", async () => {
  const browser = new Browser(new World());
  const first = await browser.callback("alice", "/1");
  const second = await browser.callback("alice", "/2");
  assert.equal((await browser.answer(first)).headers.get("location"), `https://${HOST}/1`);
  assert.equal((await browser.answer(second)).headers.get("location"), `https://${HOST}/2`);
});

Deno.test("LoginGate: whom the host does not list is told so, superadmins excepted", async () => {
  const world = new World();
  const target = { target: `https://${HOST}/`, state: "0".repeat(64) };
  await assert.rejects(world.authorizer.authorize({ userId: "bob", ...target }), {
    code: "host_not_allowed",
  });
  await assert.rejects(world.authorizer.authorize({ userId: "nobody", ...target }), {
    code: "host_not_allowed",
  });
  const root = new Browser(world);
  await root.logIn("root");
  assert.deepEqual((await root.admitted("/")).groups, ["admins"]);
  const bob = new Browser(world, OTHER);
  await bob.logIn("bob");
  await bob.admitted("/");
  world.policies.set(OTHER, { users: ["alice"] });
  const response = await bob.answer("/");
  assert.equal(response.status, 403, "the list counts at once");
  assert.match(await response.text(), /logged in as bob/);
  world.policies.delete(OTHER);
  assert.equal((await bob.answer("/")).status, 403);
});

Deno.test("LoginGate: a disabled user, and a reset password, are out within half a minute", async () => {
  const changes: ((user: User) => void)[] = [
    (user) => user.disabled = true,
    (user) => user.hash = "another",
  ];
  for (const change of changes) {
    const world = new World();
    const browser = new Browser(world);
    await browser.logIn("alice");
    await browser.admitted("/");
    const before = world.lookUps;
    change(world.users.get("alice") ?? assert.fail());
    await browser.admitted("/");
    assert.equal(world.lookUps, before, "known for a while");
    world.clock.advance(PUBLISH_ACCESS.recheckSecs * 1_000);
    await browser.redirect("/");
  }
});

Deno.test("LoginGate: sessions end after 2 hours without use, and 12 in all", async () => {
  const world = new World();
  const idle = new Browser(world);
  const busy = new Browser(world);
  for (const browser of [idle, busy]) await browser.logIn("alice");
  for (let hour = 1; hour < 12; hour++) {
    world.clock.advance(3_600_000);
    const { setCookie } = await busy.admitted("/");
    assert.match(setCookie ?? "", new RegExp(`Max-Age=${(12 - hour) * 3_600}$`));
    assert.equal((await busy.admitted("/")).setCookie, null, "noted once a minute");
    if (hour === 1) await idle.admitted("/");
    if (hour === 3) await idle.redirect("/");
  }
  world.clock.advance(3_600_000);
  await busy.redirect("/");
});

Deno.test("LoginGate: a session is good on its host alone, and outlives a restart", async () => {
  const world = new World();
  const browser = new Browser(world);
  await browser.logIn("alice");
  const stolen = new Browser(world, OTHER);
  for (const [name, value] of browser.cookies) stolen.cookies.set(name, value);
  await stolen.redirect("/");
  world.gate = world.newGate();
  await browser.admitted("/");
  world.gate = world.newGate(new Uint8Array(32).fill(8));
  await browser.redirect("/");
});

Deno.test("LoginGate: no changed cookie is a session", async () => {
  const world = new World();
  const browser = new Browser(world);
  await browser.logIn("alice");
  const value = browser.cookies.get("__Host-portunus_site") ?? "";
  const [payload = "", signature = ""] = value.split(".");
  const forged = btoa(atob(payload).replace("alice", "root")).replaceAll("=", "");
  const bad = ["", ".", value.slice(1), `${payload}.`, `.${signature}`, `${forged}.${signature}`];
  bad.push(`${value}.x`, payload, "x".repeat(5_000), `${payload}.${signature.slice(0, -4)}`);
  for (const text of bad) {
    browser.cookies.set("__Host-portunus_site", text);
    await browser.redirect("/");
  }
});

Deno.test("LoginGate: logging out ends the session, and only by the host's own page", async () => {
  const browser = new Browser(new World());
  await browser.logIn("alice");
  const copy = new Browser(browser.world);
  for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
  const form = await browser.answer("/.portunus/logout");
  assert.match(await form.text(), /method="post"/);
  assert.equal(form.headers.get("referrer-policy"), "same-origin", "or its origin is null");
  await browser.admitted("/");
  for (const origin of ["https://evil.test", "null", `http://${HOST}`]) {
    const init = { method: "POST", headers: { origin } };
    assert.equal((await browser.answer("/.portunus/logout", init)).status, 403);
  }
  assert.equal((await browser.answer("/.portunus/logout", { method: "POST" })).status, 403);
  await browser.admitted("/");
  const init = { method: "POST", headers: { origin: `https://${HOST}` } };
  assert.equal((await browser.answer("/.portunus/logout", init)).status, 200);
  assert.ok(!browser.cookies.has("__Host-portunus_site"));
  await copy.redirect("/");
});

Deno.test("LoginGate: the gate's paths never reach what is behind the host", async () => {
  const browser = new Browser(new World());
  await browser.logIn("alice");
  assert.equal((await browser.answer("/.portunus/anything")).status, 404);
  for (const method of ["HEAD", "POST"]) {
    assert.equal((await browser.answer("/.portunus/callback", { method })).status, 405);
  }
  assert.equal((await browser.answer("/.portunus/logout", { method: "PUT" })).status, 405);
});

Deno.test("LoginGate: nobody comes in while it cannot be said who they are", async () => {
  const world = new World();
  const browser = new Browser(world);
  await browser.logIn("alice");
  world.failing = true;
  world.clock.advance(PUBLISH_ACCESS.recheckSecs * 1_000);
  assert.equal((await browser.answer("/")).status, 503);
  world.failing = false;
  await browser.admitted("/");
  world.publicOrigin = null;
  assert.equal((await new Browser(world).answer("/")).status, 503);
});

Deno.test("LoginGate: an address that is too long leads to the front page", async () => {
  const browser = new Browser(new World());
  const query = await browser.redirect(`/${"x".repeat(PUBLISH_ACCESS.targetMaxChars)}`);
  assert.equal(query.get("rd"), `https://${HOST}/`);
});
