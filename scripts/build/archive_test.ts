import assert from "node:assert/strict";
import { tarGz } from "./archive.ts";
import { run } from "./command.ts";

const utf8 = new TextEncoder();

Deno.test("tarGz() makes what tar unpacks: paths, content, modes", async () => {
  const directory = await Deno.makeTempDir({ prefix: "portunus-archive-" });
  try {
    const files = {
      "empty": new Uint8Array(),
      "a/block": new Uint8Array(512).fill(7),
      "a/b/more": new Uint8Array(513).fill(9),
      [`long/${"x".repeat(95)}`]: utf8.encode("long"),
    };
    const entries = Object.entries(files).map(([path, data]) => ({ path, data }));
    const program = { path: "run", data: utf8.encode("#!"), executable: true };
    await Deno.writeFile(`${directory}/it.tgz`, await tarGz([...entries, program]));
    await run(["tar", "-xzf", "it.tgz"], { cwd: directory });
    for (const [path, data] of Object.entries(files)) {
      assert.deepEqual(await Deno.readFile(`${directory}/${path}`), data, path);
      assert.equal(((await Deno.stat(`${directory}/${path}`)).mode ?? 0) & 0o111, 0, path);
    }
    assert.equal(((await Deno.stat(`${directory}/run`)).mode ?? 0) & 0o700, 0o700);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("tarGz() gives the same bytes whatever the order of the files", async () => {
  const [a, b] = ["a", "b"].map((path) => ({ path, data: utf8.encode(path) }));
  assert.ok(a && b);
  assert.deepEqual(await tarGz([a, b]), await tarGz([b, a]));
});

Deno.test("tarGz() refuses paths that the header cannot hold", async () => {
  for (const path of ["", "x".repeat(101), "ü", "a b", "a\nb"]) {
    await assert.rejects(tarGz([{ path, data: new Uint8Array() }]), RangeError, path);
  }
});
