import assert from "node:assert/strict";
import { impurities } from "./core_purity.ts";
import {
  ARROWS,
  computedImports,
  importCycles,
  type ImportEdge,
  importsOf,
  wrongArrows,
} from "./import_graph.ts";
import type { Source } from "./source.ts";
import { typescriptUnder } from "./tree.ts";

const edge = (from: string, to: string, line = 1): ImportEdge => ({ from, line, to });

Deno.test("importsOf() sees every form of a relative import, and nothing in comments", () => {
  const text = [
    `import { a } from "./a.ts"; // import "./comment.ts"`,
    `import type { B } from "../core/b.ts";`,
    `export { c } from "./c.ts";`,
    `export * from "./d.ts";`,
    `import "./e.ts";`,
    `const f = async () => (await import("./f.ts")).f;`,
    `type G = import("./g.ts").G;`,
    `new Worker(new URL("./h.ts", import.meta.url), { type: "module" });`,
    `import i from "../../migrations/i.sql" with { type: "text" };`,
    "import { z } from 'zod'; export const text = 'import \"./string.ts\"';",
  ].join("\n");
  assert.deepEqual(
    importsOf({ path: "src/store/x.ts", text }).map(({ line, to }) => `${line} ${to}`),
    [
      "1 src/store/a.ts",
      "2 src/core/b.ts",
      "3 src/store/c.ts",
      "4 src/store/d.ts",
      "5 src/store/e.ts",
      "6 src/store/f.ts",
      "7 src/store/g.ts",
      "8 src/store/h.ts",
      "9 migrations/i.sql",
    ],
  );
});

Deno.test("computedImports() names an import whose path is not written down", () => {
  const text = `const name = "./a.ts";\nawait import(name);\nawait import("./b.ts");`;
  const found = computedImports({ path: "src/cli/x.ts", text });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /^src\/cli\/x\.ts:2: a computed import/);
});

Deno.test("wrongArrows() names what a folder may not import", () => {
  const wrong = [
    edge("src/core/a.ts", "src/system/b.ts", 7),
    edge("src/forward/a.ts", "src/telemetry/b.ts"),
    edge("src/server/a.ts", "src/edge/b.ts"),
    edge("src/client/a.ts", "src/store/b.ts"),
    edge("src/api/a.ts", "migrations/1.sql"),
    edge("src/wire/a.ts", "tests/kit/b.ts"),
    edge("src/brand_new/a.ts", "src/core/b.ts"),
  ];
  const found = wrongArrows(wrong, ARROWS);
  assert.equal(found.length, wrong.length, found.join("\n"));
  assert.match(found[0] ?? "", /^src\/core\/a\.ts:7: core may not import src\/system\/b\.ts: /);
  assert.match(found.at(-1) ?? "", /src\/brand_new has no row in ARROWS/);
});

Deno.test("wrongArrows() accepts arrows of the table, a folder's own files, and tests' imports", () => {
  const right = [
    edge("src/core/a.ts", "src/core/b.ts"),
    edge("src/edge/a.ts", "src/forward/portable/b.ts"),
    edge("src/store/a.ts", "migrations/1.sql"),
    edge("src/core/a_test.ts", "tests/kit/b.ts"),
  ];
  assert.deepEqual(wrongArrows(right, ARROWS), []);
});

Deno.test("wrongArrows() refuses an import of a test, even by a test", () => {
  const found = wrongArrows([
    edge("src/core/a.ts", "src/core/b_test.ts"),
    edge("src/core/a_test.ts", "src/core/b_test.ts"),
  ], ARROWS);
  assert.equal(found.length, 2);
});

Deno.test("the table keeps the server and the data plane apart", () => {
  const server = ["store", "identity", "control", "traffic", "audit", "api", "cli", "server"];
  const edgeSide = ["forward", "edge", "standalone", "client"];
  for (const [ours, theirs] of [[server, edgeSide], [edgeSide, server]] as const) {
    for (const folder of ours) {
      assert.deepEqual(ARROWS[folder]?.filter((it) => theirs.includes(it)), [], folder);
    }
  }
});

Deno.test("importCycles() tells the whole way round, once", () => {
  const found = importCycles([
    edge("a.ts", "b.ts", 3),
    edge("b.ts", "c.ts", 4),
    edge("c.ts", "b.ts", 5),
    edge("c.ts", "d.ts", 6),
    edge("a.ts", "d.ts", 7),
  ]);
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /^b\.ts:4: imports itself \(b\.ts:4 -> c\.ts:5 -> b\.ts\)/);
});

Deno.test("importCycles() sees a file that imports itself, and accepts a diamond", () => {
  assert.equal(importCycles([edge("a.ts", "a.ts")]).length, 1);
  const diamond = [
    edge("a.ts", "b.ts"),
    edge("a.ts", "c.ts"),
    edge("b.ts", "d.ts"),
    edge("c.ts", "d.ts"),
  ];
  assert.deepEqual(importCycles(diamond), []);
});

Deno.test("impurities() names what core may not touch", () => {
  const lines = [
    "Deno.cwd();",
    "export type Conn = Deno.Conn;",
    `await fetch("http://127.0.0.1");`,
    "Date.now();",
    "new Date();",
    "performance.now();",
    "crypto.randomUUID();",
    "globalThis.crypto.randomUUID();",
    "setTimeout(() => undefined, 1);",
    "globalThis.setTimeout(() => undefined, 1);",
    "Math.random();",
    `import { createHash } from "node:crypto";`,
    "export const wait = { setTimeout };",
    "globalThis.Date.now();",
  ];
  for (const text of lines) {
    assert.equal(impurities({ path: "src/core/x.ts", text }).length, 1, text);
  }
  const [first] = impurities({ path: "src/core/x.ts", text: `\n${lines[3]}` });
  assert.equal(first, "src/core/x.ts:2: core may not use Date.now; take a Clock (core/clock.ts)");
});

Deno.test("impurities() accepts comments, strings, members of that name and given instants", () => {
  const text = [
    "// Deno.cwd() and Date.now() are for others",
    `export const note = "fetch(url), new Date(), setTimeout";`,
    "export const at = (ms: number) => new Date(ms).toISOString();",
    "export const get = (app: { fetch(): void }) => app.fetch();",
    "export const pi = Math.PI;",
  ].join("\n");
  assert.deepEqual(impurities({ path: "src/core/x.ts", text }), []);
  assert.deepEqual(impurities({ path: "src/core/x_test.ts", text: "Deno.cwd();" }), []);
  assert.deepEqual(impurities({ path: "src/system/x.ts", text: "Deno.cwd();" }), []);
});

const sources: readonly Source[] = await typescriptUnder("src");
const edges = sources.flatMap(importsOf);

Deno.test("src has files, and they import each other", () => {
  assert.ok(sources.length > 50 && edges.length > 100, `${sources.length}, ${edges.length}`);
});

Deno.test("no file of src imports itself by way of others", () => {
  assert.deepEqual(importCycles(edges), []);
});

Deno.test("imports of src point one way", () => {
  assert.deepEqual(wrongArrows(edges, ARROWS), []);
});

Deno.test("every import of src is written down", () => {
  assert.deepEqual(sources.flatMap(computedImports), []);
});

Deno.test("core is pure", () => {
  assert.deepEqual(sources.flatMap(impurities), []);
});
