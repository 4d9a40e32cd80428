import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { ALICE, BOB, ROOT } from "../../../tests/kit/tunnel_fixture.ts";
import { PortunusError } from "../../core/errors.ts";
import type { SiteRequest } from "./site_draft.ts";

const REQUEST: SiteRequest = {
  name: "blog",
  ownerId: "alice",
  spaMode: false,
  isProtected: false,
  allowedUsers: [],
};

/** Sites of a server whose domain is `example.test`. */
async function fixture() {
  const api = new ApiFixture();
  const { publish } = api;
  assert.ok(publish);
  publish.state.set({ ...publish.state.get(), domain: "example.test" });
  await publish.sites.start();
  const { routes, certificates } = { ...api.termination };
  return {
    api,
    publish,
    sites: publish.sites,
    routes,
    certificates,
    async visit(host: string, path = "/"): Promise<string> {
      const target = routes.get(host)?.target;
      if (target?.kind !== "site") return "no site";
      const answer = await target.serve(new Request(`https://${host}${path}`));
      return `${answer.status} ${await answer.text()}`;
    },
    [Symbol.dispose]: () => api[Symbol.dispose](),
  };
}

Deno.test("create() publishes a site below the domain, with a page to begin with", async () => {
  using it = await fixture();
  const site = await it.sites.create(REQUEST);
  assert.deepEqual([site.fqdn, site.type, site.dnsVerified], [
    "blog.example.test",
    "managed",
    true,
  ]);
  assert.deepEqual(it.api.termination.issued, ["blog.example.test"]);
  assert.match(await it.visit("blog.example.test"), /^200 .*It works/s);
  assert.equal(it.sites.get(site.siteId, ALICE).totalSize > 0, true);
  assert.deepEqual(it.publish.hosts.lookup("blog.example.test"), {
    fqdn: "blog.example.test",
    kind: "site",
    refId: site.siteId,
  });
});

Deno.test("create() refuses what cannot be, and leaves nothing of it", async () => {
  using it = await fixture();
  await it.sites.create(REQUEST);
  const cases: [Partial<SiteRequest>, string][] = [
    [{}, "site_invalid"],
    [{ name: "" }, "site_invalid"],
    [{ name: "Blog" }, "site_invalid"],
    [{ name: "-x" }, "site_invalid"],
    [{ name: "x".repeat(64) }, "site_invalid"],
    [{ name: "panel" }, "host_reserved"],
    [{ name: "agent-7" }, "host_reserved"],
    [{ name: "x", customDomain: "blog.example.test" }, "host_in_use"],
    [{ name: "x", customDomain: "www.example.test" }, "host_reserved"],
    [{ name: "x", customDomain: "*.example.org" }, "host_invalid"],
    [{ name: "x", ownerId: "nobody" }, "site_invalid"],
    [{ name: "x", allowedUsers: ["nobody"] }, "site_invalid"],
    [{ name: "x", isProtected: true }, "site_invalid"],
  ];
  for (const [change, code] of cases) {
    await assert.rejects(it.sites.create({ ...REQUEST, ...change }), { code }, code);
  }
  assert.equal(it.sites.list(ROOT).length, 1);
});

Deno.test("create() undoes everything when there is no certificate", async () => {
  using it = await fixture();
  it.api.termination.issue = () => Promise.reject(new PortunusError("certificate_failed", "no"));
  await assert.rejects(it.sites.create(REQUEST), { code: "certificate_failed" });
  assert.deepEqual(it.sites.list(ROOT), []);
  assert.equal(it.publish.hosts.lookup("blog.example.test"), undefined);
  const left = await Array.fromAsync(Deno.readDir(it.api.publishConfig.sitesDir));
  assert.deepEqual(left, []);
  it.api.termination.issue = () => Promise.resolve();
  await it.sites.create(REQUEST);
});

Deno.test("of two who want one name at the same time one gets it", async () => {
  using it = await fixture();
  const outcomes = await Promise.allSettled([
    it.sites.create(REQUEST),
    it.sites.create({ ...REQUEST, name: "x", customDomain: "blog.example.test" }),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

Deno.test("everything waits for the set-up of publishing", async () => {
  using it = await fixture();
  const { siteId } = await it.sites.create(REQUEST);
  it.api.termination.isReady = false;
  const code = "publish_not_ready";
  assert.throws(() => it.sites.list(ROOT), { code });
  assert.throws(() => it.sites.get(siteId, ROOT), { code });
  await assert.rejects(it.sites.create({ ...REQUEST, name: "x" }), { code });
  await assert.rejects(it.sites.change(siteId, { spaMode: true }, ROOT), { code });
  await assert.rejects(it.sites.remove(siteId), { code });
});

Deno.test("a custom domain is published once it leads here", async () => {
  using it = await fixture();
  const fqdn = "blog.example.org";
  const { siteId } = await it.sites.create({ ...REQUEST, customDomain: fqdn });
  assert.equal(await it.visit(fqdn), "no site");
  it.api.termination.pointsHere = () => false;
  assert.equal((await it.sites.verifyDns(siteId)).ok, false);
  assert.equal(await it.visit(fqdn), "no site");
  it.api.termination.pointsHere = () => true;
  assert.equal((await it.sites.verifyDns(siteId)).ok, true);
  assert.match(await it.visit(fqdn), /^200 /);
  const managed = await it.sites.create({ ...REQUEST, name: "other" });
  await assert.rejects(it.sites.verifyDns(managed.siteId), { code: "site_invalid" });
});

Deno.test("an owner chooses how unknown paths are answered; a superadmin all else", async () => {
  using it = await fixture();
  it.api.publicOrigin = "https://operator.example.test";
  const { siteId, fqdn } = await it.sites.create(REQUEST);
  assert.match(await it.visit(fqdn, "/none"), /^404 /);
  await it.sites.change(siteId, { spaMode: true }, ALICE);
  assert.match(await it.visit(fqdn, "/none"), /^200 /);
  await assert.rejects(it.sites.change(siteId, { spaMode: false }, BOB), { code: "not_owner" });
  for (const patch of [{ isProtected: true }, { allowedUsers: [] }, { ownerId: "bob" }]) {
    await assert.rejects(it.sites.change(siteId, patch, ALICE), { code: "role_required" });
  }
  assert.equal(it.routes.policyOf(fqdn), undefined);
  await it.sites.change(siteId, { isProtected: true }, ROOT);
  assert.deepEqual(it.routes.policyOf(fqdn), { users: null });
  await it.sites.change(siteId, { allowedUsers: ["bob"], ownerId: "bob" }, ROOT);
  assert.deepEqual(it.routes.policyOf(fqdn), { users: ["bob"] });
  assert.deepEqual(it.sites.list(ALICE), []);
  assert.equal(it.sites.list(BOB)[0]?.spaMode, true);
});

Deno.test("remove() takes name, route and files", async () => {
  using it = await fixture();
  const { siteId, fqdn } = await it.sites.create(REQUEST);
  await it.sites.remove(siteId);
  assert.equal(await it.visit(fqdn), "no site");
  assert.equal(it.publish.hosts.lookup(fqdn), undefined);
  await assert.rejects(Deno.stat(`${it.api.publishConfig.sitesDir}/${siteId}`));
  await assert.rejects(it.sites.remove(siteId), { code: "site_not_found" });
});

Deno.test("start() brings back what was published, and nothing that waits for its DNS", async () => {
  using it = await fixture();
  const { fqdn } = await it.sites.create(REQUEST);
  await it.sites.create({ ...REQUEST, name: "x", customDomain: "blog.example.org" });
  it.routes.delete(fqdn);
  await it.sites.start();
  assert.match(await it.visit(fqdn), /^200 /);
  assert.equal(await it.visit("blog.example.org"), "no site");
});

Deno.test("the API takes files, counts them, and gives them back to visitors", async () => {
  using it = await fixture();
  const { siteId, fqdn } = await it.sites.create(REQUEST);
  const files = `/v1/sites/${siteId}/files`;
  const put = await it.api.request("PUT", `${files}?path=a/b.css`, { token: "alice", body: "x{}" });
  assert.equal(`${put.status} ${put.text}`, '200 {"files":1,"bytes":3}');
  assert.equal(await it.visit(fqdn, "/a/b.css"), "200 x{}");
  const form = new FormData();
  for (const name of ["c.html", "d/e.html"]) form.append("f", new File(["12"], name), name);
  const posted = await it.api.request("POST", `${files}?path=a`, { token: "alice", body: form });
  assert.equal(`${posted.status} ${posted.text}`, '200 {"files":2,"bytes":4}');
  assert.equal(await it.visit(fqdn, "/a/d/e.html"), "200 12");
  const list = await it.api.get(`${files}?path=a`, "alice");
  assert.deepEqual((list.json as { path: string }[]).map(({ path }) => path), [
    "a/d",
    "a/b.css",
    "a/c.html",
  ]);
  const gone = await it.api.request("DELETE", `${files}?path=a`, { token: "alice" });
  assert.equal(gone.status, 204);
  assert.match(await it.visit(fqdn, "/a/b.css"), /^404 /);
  const indexSize = (await it.sites.get(siteId, ALICE)).totalSize;
  assert.ok(indexSize > 100, "the first page is left");
});

Deno.test("the API refuses uploads by what they are, and forms as a whole", async () => {
  using it = await fixture();
  const { siteId } = await it.sites.create(REQUEST);
  const files = `/v1/sites/${siteId}/files`;
  const put = async (query: string, headers: Record<string, string> = {}) =>
    (await it.api.request("PUT", `${files}?${query}`, { token: "alice", body: "x", headers }))
      .error;
  for (const path of ["", "%2e%2e/x.html", "%252e%252e/x.html", "a/../x.html", "..%5cx.html"]) {
    assert.equal(await put(`path=${path}`), "422 path_invalid", path);
  }
  assert.equal(await put("path=x.exe"), "422 file_type_not_allowed");
  const { maxFileSizeBytes } = it.api.publishConfig;
  const length = { "Content-Length": String(maxFileSizeBytes + 1) };
  assert.equal(await put("path=x.html", length), "413 file_too_large");
  const form = new FormData();
  form.append("f", new File(["good"], "good.html"));
  form.append("f", new File(["bad"], "bad.exe"));
  const posted = await it.api.request("POST", files, { token: "alice", body: form });
  assert.equal(posted.error, "422 file_type_not_allowed");
  const list = await it.api.get(files, "alice");
  assert.deepEqual((list.json as { path: string }[]).map(({ path }) => path), ["index.html"]);
});
