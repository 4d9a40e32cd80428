import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { openSiteFile } from "./site_file.ts";
import { type ServedSite, serveSite } from "./site_server.ts";

/** A site with these files; `/` at the end of a name makes a directory. */
async function siteWith(files: Readonly<Record<string, string | Uint8Array>>) {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "portunus-served-" }));
  const root = join(directory, "site");
  await Deno.mkdir(root);
  for (const [name, content] of Object.entries(files)) {
    await Deno.mkdir(join(root, dirname(name)), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(join(root, name), content);
    else await Deno.writeFile(join(root, name), content);
  }
  const get = (path: string, init: RequestInit = {}, how: Partial<ServedSite> = {}) =>
    serveSite(
      { root, spaMode: false, isProtected: false, ...how },
      new Request(`https://blog.test${path}`, init),
    );
  return {
    root,
    directory,
    get,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

Deno.test("serveSite() sends files with what browsers need to know of them", async () => {
  await using site = await siteWith({ "index.html": "<p>home", "a/é b.css": "x", LICENSE: "y" });
  const home = site.get("/");
  assert.equal(home.status, 200);
  assert.equal(await home.text(), "<p>home");
  const { etag, "last-modified": modified, ...headers } = Object.fromEntries(home.headers);
  assert.deepEqual(headers, {
    "accept-ranges": "bytes",
    "cache-control": "no-cache",
    "content-length": "7",
    "content-type": "text/html; charset=utf-8",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
  });
  assert.match(etag ?? "", /^"[0-9a-z]+-7-[0-9a-z]+"$/);
  assert.match(modified ?? "", / GMT$/);
  const style = site.get("/a/%C3%A9%20b.css?v=1");
  assert.equal(style.headers.get("content-type"), "text/css; charset=utf-8");
  assert.equal(await style.text(), "x");
  const other = site.get("/LICENSE");
  assert.equal(other.headers.get("content-type"), "application/octet-stream");
  await other.body?.cancel();
  const secret = site.get("/", {}, { isProtected: true });
  assert.equal(secret.headers.get("cache-control"), "private, no-cache");
  await secret.body?.cancel();
});

Deno.test("serveSite() answers HEAD as GET, without the body, and nothing else", async () => {
  await using site = await siteWith({ "index.html": "home", "big.txt": new Uint8Array(200_000) });
  for (const path of ["/", "/big.txt", "/none"]) {
    const head = site.get(path, { method: "HEAD" });
    const get = site.get(path);
    assert.equal(head.body, null);
    assert.equal(head.status, get.status);
    assert.equal(head.headers.get("content-length"), get.headers.get("content-length"));
    await get.body?.cancel();
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const answer = site.get("/", { method });
    assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "GET, HEAD"]);
  }
});

Deno.test("serveSite() sends to the slash of a directory, and shows its index", async () => {
  await using site = await siteWith({ "docs/a/index.html": "docs", "empty/x.css": "" });
  const redirect = site.get("/docs/a?x=1");
  assert.equal(redirect.status, 301);
  assert.equal(redirect.headers.get("location"), "/docs/a/?x=1");
  assert.equal(await site.get("/docs/a/").text(), "docs");
  for (const path of ["/empty/", "/docs/a/index.html/", "/docs/a/index.html/x", "/"]) {
    const answer = site.get(path);
    assert.equal(answer.status, 404, path);
    await answer.body?.cancel();
  }
  // A path that begins with two slashes would be another host.
  assert.equal(site.get("//docs/a").status, 404);
});

Deno.test("serveSite() has a page for what is not there", async () => {
  await using site = await siteWith({ "index.html": "home" });
  const ours = site.get("/none");
  assert.equal(ours.status, 404);
  assert.equal(ours.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(await ours.text(), /Not found/);
  const app = site.get("/users/1", {}, { spaMode: true });
  assert.deepEqual([app.status, await app.text()], [200, "home"]);
  await Deno.writeTextFile(join(site.root, "404.html"), "own");
  const own = site.get("/none", { headers: { Range: "bytes=0-0" } });
  assert.deepEqual([own.status, await own.text()], [404, "own"]);
});

Deno.test("serveSite() sends what the visitor does not have, ranges too", async () => {
  const content = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
  await using site = await siteWith({ "a.wasm": content });
  const whole = site.get("/a.wasm");
  assert.deepEqual(await whole.bytes(), content);
  const etag = whole.headers.get("etag") ?? "";
  const same = site.get("/a.wasm", { headers: { "If-None-Match": etag } });
  assert.deepEqual([same.status, same.body, same.headers.get("etag")], [304, null, etag]);
  for (const [first, last] of [[0, 0], [100, 65_700], [199_999, 199_999], [5, 199_999]] as const) {
    const part = site.get("/a.wasm", { headers: { Range: `bytes=${first}-${last}` } });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get("content-range"), `bytes ${first}-${last}/200000`);
    assert.equal(part.headers.get("content-length"), String(last - first + 1));
    assert.deepEqual(await part.bytes(), content.slice(first, last + 1));
  }
  const beyond = site.get("/a.wasm", { headers: { Range: "bytes=200000-" } });
  assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, "bytes */200000"]);
  const stale = site.get("/a.wasm", { headers: { "If-Match": '"x"' } });
  assert.equal(stale.status, 412);
});

Deno.test("serveSite() has another tag for content that is replaced", async () => {
  await using site = await siteWith({ "x.css": "one" });
  const before = site.get("/x.css").headers.get("etag");
  const { mtime } = await Deno.stat(join(site.root, "x.css"));
  await Deno.writeTextFile(join(site.directory, "next"), "two");
  await Deno.utime(join(site.directory, "next"), mtime ?? 0, mtime ?? 0);
  await Deno.rename(join(site.directory, "next"), join(site.root, "x.css"));
  assert.notEqual(site.get("/x.css").headers.get("etag"), before);
});

Deno.test("serveSite() leaves the site by no path and no link", async () => {
  await using site = await siteWith({ "index.html": "home", ".secret.html": "secret" });
  await Deno.writeTextFile(join(site.directory, "outside.html"), "outside");
  await Deno.symlink(join(site.directory, "outside.html"), join(site.root, "link.html"));
  await Deno.symlink(site.directory, join(site.root, "dir"));
  await Deno.symlink(site.root, join(site.root, "loop"));
  for (
    const path of [
      "/link.html",
      "/dir/outside.html",
      "/dir",
      "/dir/",
      "/loop/index.html",
      "/.secret.html",
      "/%2e%2e/outside.html",
      "/..%2foutside.html",
      "/%252e%252e/outside.html",
      "/..%5coutside.html",
      "/index.html%00.css",
      "/%c0%ae%c0%ae/outside.html",
    ]
  ) {
    const answer = site.get(path);
    assert.equal(answer.status, 404, path);
    await answer.body?.cancel();
  }
});

Deno.test("a site's own directory that is a link shows nothing", async () => {
  await using site = await siteWith({ "index.html": "home" });
  const root = join(site.directory, "linked");
  await Deno.symlink(site.root, root);
  assert.equal(openSiteFile(root, ["index.html"]), null);
});

Deno.test("whatever is answered, its file is closed", { sanitizeResources: true }, async () => {
  await using site = await siteWith({ "a.wasm": new Uint8Array(200_000) });
  const reader = site.get("/a.wasm").body?.getReader();
  assert.equal((await reader?.read())?.value?.length, 65_536);
  await reader?.cancel();
  for (const range of ["bytes=0-9", "bytes=-0", "bytes=0-199999"]) {
    await site.get("/a.wasm", { headers: { Range: range } }).body?.cancel();
  }
  site.get("/a.wasm", { method: "HEAD" });
  site.get("/a.wasm", { headers: { "If-Modified-Since": new Date().toUTCString() } });
  site.get("/a.wasm", { headers: { "If-Match": '"x"' } });
});

Deno.test("a file that is cut while it is sent ends in an error", async () => {
  await using site = await siteWith({ "a.wasm": new Uint8Array(200_000) });
  const answer = site.get("/a.wasm");
  await Deno.truncate(join(site.root, "a.wasm"), 100_000);
  await assert.rejects(answer.bytes(), { message: "The file became shorter while it was read" });
});
