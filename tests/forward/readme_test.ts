import assert from "node:assert/strict";

const HERE = new URL(".", import.meta.url);
const ROOT = new URL("../../", import.meta.url);

Deno.test("every file that the map of the specification names is there", async () => {
  const map = await Deno.readTextFile(new URL("README.md", HERE));
  const files = [...map.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = ""]) => file);
  assert.ok(files.length > 100);
  for (const file of new Set(files)) {
    const { isFile } = await Deno.stat(new URL(file, file.includes("/") ? ROOT : HERE));
    assert.ok(isFile, file);
  }
});
