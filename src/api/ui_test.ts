import assert from "node:assert/strict";
import { ApiFixture } from "../../tests/kit/api_fixture.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function withUi(): ApiFixture {
  const api = new ApiFixture();
  api.ui.set("index.html", bytes("<shell>"));
  api.ui.set("assets/app-1a2b.js", bytes("app"));
  api.ui.set("favicon.svg", bytes("<svg>"));
  api.ui.set("data.bin", bytes("?"));
  return api;
}

Deno.test("the UI serves its files and the shell for every other path, without a token", async () => {
  using api = withUi();
  const cases = [
    ["/", "<shell>", "text/html", "public, max-age=0, must-revalidate"],
    ["/index.html", "<shell>", "text/html", "public, max-age=0, must-revalidate"],
    ["/rules/12", "<shell>", "text/html", "public, max-age=0, must-revalidate"],
    ["/metrics", "<shell>", "text/html", "public, max-age=0, must-revalidate"],
    ["/v1x", "<shell>", "text/html", "public, max-age=0, must-revalidate"],
    ["/assets/app-1a2b.js", "app", "text/javascript", "public, max-age=31536000, immutable"],
    ["/assets/gone.js", "<shell>", "text/html", "public, max-age=0, must-revalidate"],
    ["/favicon.svg", "<svg>", "image/svg+xml", "public, max-age=300"],
    ["/data.bin", "?", "application/octet-stream", "public, max-age=300"],
  ] as const;
  for (const [path, text, type, cache] of cases) {
    const answer = await api.request("GET", path, { token: null });
    assert.equal(answer.status, 200, path);
    assert.equal(answer.text, text, path);
    assert.equal(answer.headers.get("content-type"), type, path);
    assert.equal(answer.headers.get("cache-control"), cache, path);
    assert.equal(answer.headers.get("x-frame-options"), "DENY");
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("the UI answers HEAD without a body, and no other method", async () => {
  using api = withUi();
  const head = await api.request("HEAD", "/rules", { token: null });
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.equal(head.headers.get("content-type"), "text/html");
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    assert.equal((await api.request(method, "/rules", { token: null })).error, "404 not_found");
  }
});

Deno.test("the UI says so when it was not built in", async () => {
  using api = new ApiFixture();
  const answer = await api.request("GET", "/", { token: null });
  assert.equal(answer.status, 404);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
});

Deno.test("the shell says whether the server publishes, and nothing else changes", async () => {
  const before = ApiFixture.publishing;
  try {
    for (const publishing of [true, false]) {
      ApiFixture.publishing = publishing;
      using api = new ApiFixture();
      api.ui.set("index.html", bytes('<!doctype html><html lang="en"><p>shell'));
      const { text } = await api.request("GET", "/rules", { token: null });
      const mark = publishing ? "data-publish " : "";
      assert.equal(text, `<!doctype html><html ${mark}lang="en"><p>shell`);
    }
  } finally {
    ApiFixture.publishing = before;
  }
});
