import assert from "node:assert/strict";
import { bundleUi } from "./ui.ts";

const ENTRY_GZIP_MAX = 120_000;

Deno.test("bundleUi() keeps what the first view needs small, and pages in scripts of their own", async () => {
  const into = await Deno.makeTempDir();
  try {
    const dist = new URL(`file://${into}/`);
    await bundleUi(dist);
    const page = await Deno.readTextFile(new URL("index.html", dist));
    const main = /assets\/main-\w+\.js/.exec(page)?.[0];
    assert.ok(main !== undefined, page);
    const entry = await withImports(new URL(main, dist));
    const sizes = await Promise.all([...entry].map(gzipSize));
    const size = sizes.reduce((sum, it) => sum + it, 0);
    assert.ok(size <= ENTRY_GZIP_MAX, `the entry is ${size} bytes, compressed`);
    const scripts = (await Array.fromAsync(Deno.readDir(new URL("assets/", dist))))
      .filter(({ name }) => name.endsWith(".js"));
    assert.ok(scripts.length > entry.size + 10, "every page is loaded when it is opened");
    for (const script of entry) {
      assert.doesNotMatch(
        await Deno.readTextFile(new URL(script)),
        /uplot/i,
        "charts are loaded with pages",
      );
    }
  } finally {
    await Deno.remove(into, { recursive: true });
  }
});

/** A script and all that it imports at once. */
async function withImports(script: URL, seen: Set<string> = new Set()): Promise<Set<string>> {
  if (seen.has(script.href)) return seen;
  seen.add(script.href);
  const text = await Deno.readTextFile(script);
  for (const [, path = ""] of text.matchAll(/(?:from|import)\s*"(\.\/[^"]+)"/g)) {
    await withImports(new URL(path, script), seen);
  }
  return seen;
}

async function gzipSize(script: string): Promise<number> {
  const stream = (await Deno.open(new URL(script))).readable
    .pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}
