import assert from "node:assert/strict";
import { VERSION } from "../../src/core/version.ts";
import {
  FILE_LINES_MAX,
  FUNCTION_LINES_MAX,
  longFile,
  longFunctions,
  nativeLibraries,
  typeEscapes,
  wrongDoors,
} from "./code_rules.ts";
import type { Source } from "./source.ts";
import { leftoverMarkers, registryHosts, releaseMismatches } from "./text_rules.ts";
import { projectFiles, typescriptUnder } from "./tree.ts";

type Rule = (source: Source) => string[];

const GENERATED = "src/wire/gen/portunus_pb.ts";

/** The lines that `rule` names in `text`, a file at `path`. */
function linesOf(rule: Rule, text: string, path = "src/wire/x.ts"): number[] {
  return rule({ path, text }).map((found) => {
    const [, file, line] = /^([^:]+):(\d+): ./.exec(found) ?? [];
    assert.equal(file, path);
    return Number(line);
  });
}

const lines = (count: number) => "work();\n".repeat(count);

Deno.test("longFile() names a file that is too long", () => {
  assert.deepEqual(linesOf(longFile, lines(FILE_LINES_MAX + 1)), [FILE_LINES_MAX + 1]);
  assert.deepEqual(linesOf(longFile, lines(FILE_LINES_MAX)), []);
  assert.deepEqual(linesOf(longFile, lines(FILE_LINES_MAX + 1), GENERATED), []);
});

Deno.test("longFunctions() names functions of every form that are too long", () => {
  const body = lines(FUNCTION_LINES_MAX - 1);
  for (
    const [head, tail] of [
      ["function f() {", "}"],
      ["const f = () => {", "};"],
      ["const f = function () {", "};"],
      ["Deno.test('x', () => {", "});"],
      ["class A { f() {", "}}"],
      ["class A { constructor() {", "}}"],
      ["class A { get f() {", "return 1; }}"],
    ] as const
  ) {
    assert.deepEqual(linesOf(longFunctions, `\n${head}\n${body}${tail}`), [2], head);
  }
});

Deno.test("longFunctions() does not count JSDoc, classes and generated code", () => {
  const fits = lines(FUNCTION_LINES_MAX - 2);
  assert.deepEqual(linesOf(longFunctions, `/**\n * Why.\n */\nfunction f() {\n${fits}}`), []);
  const methods = `f() {\n${lines(40)}}\ng() {\n${lines(40)}}\n`;
  assert.deepEqual(linesOf(longFunctions, `class A {\n${methods}}`), []);
  const long = `function f() {\n${lines(FUNCTION_LINES_MAX)}}`;
  assert.deepEqual(linesOf(longFunctions, long, GENERATED), []);
});

Deno.test("typeEscapes() names any, and comments that silence the compiler", () => {
  const text = [
    "let a: any;",
    "const b = a as any;",
    "function f(it: Record<string, any[]>) {}",
    "// @ts-ignore: later",
    "// @ts-expect-error later",
    "// @ts-nocheck",
  ].join("\n");
  assert.deepEqual(linesOf(typeEscapes, text), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(linesOf(typeEscapes, `// any text\nconst any = "any";`), []);
  assert.deepEqual(linesOf(typeEscapes, text, GENERATED), []);
});

Deno.test("wrongDoors() names uses of the runtime outside their place", () => {
  for (
    const text of [
      `console.log("x");`,
      "const { log } = console;",
      "Deno.listen({ port: 0 });",
      "Deno.listenDatagram({ port: 0, transport: 'udp' });",
      "Deno['connect']({ port: 1 });",
      "Deno.connectTls({ port: 1 });",
      "globalThis.Deno.connect({ port: 1 });",
      "Deno.serve(() => new Response());",
      `Deno.env.get("HOME");`,
      `await Deno.writeTextFile("state.json", text);`,
      "Deno.writeFileSync(path, bytes);",
      "await Deno.open(path, { write: true });",
      "await Deno.rename(from, to);",
      "const { env } = Deno;",
      "Deno[name];",
      `import { DatabaseSync } from "node:sqlite";`,
      `export type { DatabaseSync } from "node:sqlite";`,
      `await import("node:sqlite");`,
      `import { writeFileSync } from "node:fs";`,
      `await import("node:fs/promises");`,
    ]
  ) {
    assert.deepEqual(linesOf(wrongDoors, `\n${text}`), [2], text);
  }
});

Deno.test("wrongDoors() accepts each in its place, and in comments and strings", () => {
  for (
    const [path, text] of [
      ["src/forward/portable/net.ts", "Deno.listen({ port: 0 }); Deno.connect({ port: 1 });"],
      ["src/wire/x_test.ts", "Deno.listen({ port: 0 });"],
      ["src/system/tcp_listener.ts", "Deno.listen({ port: 0 });"],
      ["src/system/process_io.ts", `Deno.env.get("HOME");`],
      ["src/store/open.ts", `import { DatabaseSync } from "node:sqlite";`],
      ["src/system/staged_file.ts", "await Deno.rename(from, to);"],
      ["src/store/backup.ts", "Deno.openSync(path, { write: true });"],
      ["src/wire/x.ts", `// Deno.listen()\nconst text = "console.log";\nDeno.readFileSync(text);`],
      ["tests/kit/x.ts", "Deno.connect({ port: 1 });"],
    ] as const
  ) {
    assert.deepEqual(linesOf(wrongDoors, text, path), [], path);
  }
});

Deno.test("nativeLibraries() names Deno.dlopen wherever it stands", () => {
  for (const path of ["src/forward/portable/net.ts", "tests/kit/x.ts", "scripts/bench.ts"]) {
    assert.deepEqual(linesOf(nativeLibraries, `\nDeno.dlopen("libc.so.6", {});`, path), [2]);
  }
});

Deno.test("leftoverMarkers() names notes to oneself, in any language", () => {
  for (const marker of ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) {
    assert.deepEqual(linesOf(leftoverMarkers, `\n// ${marker}: later`), [2], marker);
    assert.deepEqual(linesOf(leftoverMarkers, `-- ${marker}`, "migrations/1.sql"), [1], marker);
  }
  assert.deepEqual(linesOf(leftoverMarkers, "mktemp X" + "XXXXX; hacking todo lists"), []);
});

Deno.test("registryHosts() names hosts of registries, in links and in bare text", () => {
  const host = ["npmjs", "org"].join(".");
  for (const text of [`https://registry.${host}/x`, host.toUpperCase(), `"npm.${"jsr"}.io"`]) {
    assert.deepEqual(linesOf(registryHosts, `\n${text}`, "README.md"), [2], text);
  }
  assert.deepEqual(linesOf(registryHosts, `npm:zod@4\nhttps://not-${host}\n`), []);
});

Deno.test("releaseMismatches() names a version that differs, and a changelog without it", () => {
  const files = (version: string, changelog: string | null) =>
    releaseMismatches({
      version: "3.2.0",
      denoJson: { path: "deno.json", text: JSON.stringify({ version }) },
      changelog: changelog === null ? null : { path: "CHANGELOG.md", text: changelog },
    });
  assert.deepEqual(files("3.2.0", "# Changes\n\n## 3.2.0\n\n- First.\n"), []);
  assert.deepEqual(files("3.2.0", "## [3.2.0] - 2026-01-01\n\n### New\n\n- First.\n"), []);
  assert.match(files("3.1.0", "## 3.2.0\nText.").join(), /^deno\.json:1: version is 3\.1\.0/);
  assert.match(files("3.2.0", null).join(), /^CHANGELOG\.md:1: has no section for 3\.2\.0/);
  assert.equal(files("3.2.0", "## 3.2.01\nText.").length, 1);
  assert.equal(files("3.2.0", "## 3.2.0\n\n## 3.1.0\nText.").length, 1);
});

const code = await typescriptUnder("src", "tests", "scripts");
const files = await projectFiles();
const inSrc = ({ path }: Source) => path.startsWith("src/");

Deno.test("the tree was read", () => {
  assert.ok(code.length > 100 && code.every(({ text }) => text !== ""));
  assert.ok(files.some(({ path }) => path === "deno.lock"));
});

Deno.test("files are short", () => {
  assert.deepEqual(code.flatMap(longFile), []);
});

Deno.test("functions are short", () => {
  assert.deepEqual(code.flatMap(longFunctions), []);
});

Deno.test("src switches no type off", () => {
  assert.deepEqual(code.filter(inSrc).flatMap(typeEscapes), []);
});

Deno.test("the runtime is used through its doors", () => {
  assert.deepEqual(code.flatMap(wrongDoors), []);
});

Deno.test("no native library is opened", () => {
  assert.deepEqual(code.flatMap(nativeLibraries), []);
});

Deno.test("nothing was left for later", () => {
  const written = files.filter(({ path }) => path !== "deno.lock" && !/\.(png|ico)$/.test(path));
  assert.deepEqual(written.flatMap(leftoverMarkers), []);
});

Deno.test("no registry is named", () => {
  assert.deepEqual(files.flatMap(registryHosts), []);
});

Deno.test("the release is described", () => {
  const named = (name: string) => files.find(({ path }) => path === name) ?? null;
  const denoJson = named("deno.json");
  assert.ok(denoJson);
  const changelog = named("CHANGELOG.md");
  assert.deepEqual(releaseMismatches({ version: VERSION, denoJson, changelog }), []);
});
