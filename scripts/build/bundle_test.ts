import assert from "node:assert/strict";
import { dirname } from "node:path";
import type { ArchiveEntry } from "./archive.ts";
import { bundleModule, withLazyImports } from "./bundle.ts";

const MAIN = `
import text from "./greeting.txt" with { type: "text" };
if (Deno.args[0] === "lazy") {
  const { answer } = await import("./lazy.ts");
  console.log(await answer());
} else console.log(text.trim());
`;
const LAZY = `
export function answer(): Promise<number> {
  const worker = new Worker(new URL("../pool/sum_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve } = Promise.withResolvers<number>();
  worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
  return promise.finally(() => worker.terminate());
}
`;
const WORKER = `
import { z } from "zod";
const value: number = z.number().parse(42);
(self as unknown as { postMessage(value: number): void }).postMessage(value);
`;

/** A source tree; the files are removed with it. */
async function sourceTree(
  files: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "portunus-bundle-test-" });
  await writeFiles(
    path,
    Object.entries(files).map(([name, text]) => ({
      path: name,
      data: new TextEncoder().encode(text),
    })),
  );
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function writeFiles(directory: string, files: readonly ArchiveEntry[]): Promise<void> {
  for (const { path, data } of files) {
    await Deno.mkdir(dirname(`${directory}/${path}`), { recursive: true });
    await Deno.writeFile(`${directory}/${path}`, data);
  }
}

/** What the program in `directory` prints, with nothing but itself to read. */
async function runBundle(directory: string, ...args: readonly string[]): Promise<string> {
  const isolation = ["--no-config", "--no-lock", "--no-remote", "--no-npm", "--cached-only"];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...isolation, `--allow-read=${directory}`, "main.js", ...args],
    cwd: directory,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("bundleModule() carries texts, lazy imports and the scripts of Workers", async () => {
  await using tree = await sourceTree({
    "app/main.ts": MAIN,
    "app/lazy.ts": LAZY,
    "app/greeting.txt": "hello\n",
    "pool/sum_worker.ts": WORKER,
  });
  const entries = await bundleModule(`${tree.path}/app/main.ts`, tree.path);
  await using out = await sourceTree({});
  await writeFiles(out.path, entries);
  assert.ok(entries.every(({ path }) => /^[\w-]+\.js$/.test(path)), "one flat directory");
  assert.equal(await runBundle(out.path), "hello");
  assert.equal(await runBundle(out.path, "lazy"), "42");
});

Deno.test("withLazyImports() leaves nothing to be read before it is asked for", async () => {
  await using tree = await sourceTree({
    "main.ts": MAIN,
    "lazy.ts": LAZY,
    "greeting.txt": "hello",
    "sum_worker.ts": WORKER,
  });
  const entries = await bundleModule(`${tree.path}/main.ts`, tree.path);
  await using out = await sourceTree({});
  await writeFiles(out.path, withLazyImports(entries));
  const info = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `${out.path}/main.js`],
  });
  const { modules } = JSON.parse(new TextDecoder().decode((await info.output()).stdout));
  const files = (modules as { readonly specifier: string }[]).map(({ specifier }) => specifier);
  assert.ok(files.every((it) => !it.includes("lazy")), `${files}`);
  assert.ok(entries.some(({ path }) => path.startsWith("lazy")));
  assert.equal(await runBundle(out.path, "lazy"), "42");
});

Deno.test("bundleModule() refuses a Worker script that is missing or has a double", async () => {
  await using missing = await sourceTree({ "main.ts": MAIN, "lazy.ts": LAZY, "greeting.txt": "x" });
  await assert.rejects(
    bundleModule(`${missing.path}/main.ts`, missing.path),
    /Cannot bundle the Worker script sum_worker\.ts: 0 files of this name/,
  );
  await using double = await sourceTree({
    "app/main.ts": MAIN,
    "app/lazy.ts": LAZY,
    "app/greeting.txt": "x",
    "a/sum_worker.ts": WORKER,
    "b/sum_worker.ts": WORKER,
  });
  await assert.rejects(
    bundleModule(`${double.path}/app/main.ts`, double.path),
    /sum_worker\.ts: 2 files/,
  );
});
