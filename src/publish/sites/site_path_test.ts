import assert from "node:assert/strict";
import fc from "fast-check";
import { posix } from "node:path";
import { PortunusError } from "../../core/errors.ts";
import { parseRequestPath, parseSiteDirectory, parseSitePath } from "./site_path.ts";

const refused = (text: string) => {
  assert.throws(() => parseSitePath(text), { code: "path_invalid" }, JSON.stringify(text));
};

Deno.test("parseSitePath() takes names, in whatever script", () => {
  for (const path of ["index.html", "a/b/c.css", "100%.png", "a b/c (1).pdf", "日本/テスト.html"]) {
    assert.deepEqual(parseSitePath(path), path.split("/"));
  }
});

Deno.test("parseSitePath() refuses what leaves the site, and what hides in it", () => {
  for (
    const path of [
      "",
      "/",
      "./",
      ".",
      "..",
      "../x.html",
      "a/../../x.html",
      "a/../",
      "a/./b.html",
      "/etc/passwd",
      "//x.html",
      "a//b.html",
      "a/",
      ".htaccess",
      "a/.git/config.json",
      "...",
      "x.html.",
      "a./x.html",
      " x.html",
      "a /x.html",
      "x.html\u00a0",
      "a\\b.html",
      "..\\x.html",
      "C:\\x.html",
      "\\\\host\\x.html",
    ]
  ) refused(path);
});

Deno.test("parseSitePath() refuses what was encoded twice, and characters that cut names short", () => {
  for (
    const path of [
      "%2e%2e/x.html",
      "%2E%2E%2Fx.html",
      "%252e%252e/x.html",
      "%5c..%5cx.html",
      "%c0%ae%c0%ae/x.html",
      "x.html%00.png",
      "x.html\0.png",
      "x\n.html",
      "x\u007f.html",
      "x\u0085.html",
      "x\ud800.html",
    ]
  ) refused(path);
});

Deno.test("parseSitePath() bounds names and the whole, in bytes", () => {
  const name = (bytes: number) => `${"é".repeat((bytes - 5) / 2)}.html`;
  assert.equal(parseSitePath(name(255)).length, 1);
  refused(name(257));
  const long = `${name(249)}/${name(249)}`;
  assert.equal(parseSitePath(`${long}x`).length, 2);
  refused(`${long}xx`);
});

Deno.test("parseSitePath() gives a file one name, whatever system it comes from", () => {
  assert.deepEqual(parseSitePath("cafe\u0301.html"), ["caf\u00e9.html"]);
});

Deno.test("parseSitePath() keeps whatever it takes below the root", () => {
  const piece = fc.constantFrom("..", ".", "/", "\\", "%2e", "%252f", "a", "\0", "é", ".html", " ");
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
    let names;
    try {
      names = parseSitePath(pieces.join(""));
    } catch (error) {
      assert.ok(error instanceof PortunusError);
      return;
    }
    const joined = posix.join("/root", ...names);
    assert.equal(joined, `/root/${names.join("/")}`);
    assert.ok(names.length > 0 && names.every((name) => !name.startsWith(".")));
  }));
});

Deno.test("parseSiteDirectory() has a name for the root", () => {
  assert.deepEqual(parseSiteDirectory(undefined), []);
  assert.deepEqual(parseSiteDirectory(""), []);
  assert.deepEqual(parseSiteDirectory("a/b"), ["a", "b"]);
  for (const text of [".", "./", "/", "a/"]) {
    assert.throws(() => parseSiteDirectory(text), { code: "path_invalid" });
  }
});

Deno.test("parseRequestPath() decodes once, and tells directories", () => {
  const cases: [string, string[], boolean][] = [
    ["/", [], true],
    ["/a", ["a"], false],
    ["/a/", ["a"], true],
    ["/a%20b/caf%C3%A9.html", ["a b", "café.html"], false],
    ["/a%2Fb.html", ["a", "b.html"], false],
    ["/100%25.png", ["100%.png"], false],
  ];
  for (const [pathname, path, isDirectory] of cases) {
    assert.deepEqual(parseRequestPath(pathname), { path, isDirectory }, pathname);
  }
});

Deno.test("parseRequestPath() knows what no file can be called", () => {
  for (
    const pathname of [
      "",
      "*",
      "//",
      "//etc/passwd",
      "/../x",
      "/%2e%2e/x",
      "/%2e%2e%2fx",
      "/%252e%252e/x",
      "/a/%5c../x",
      "/..%5cx",
      "/x%00.html",
      "/%c0%ae%c0%ae/x",
      "/%",
      "/.upload",
      `/${"a".repeat(600)}`,
    ]
  ) assert.equal(parseRequestPath(pathname), null, pathname);
});
