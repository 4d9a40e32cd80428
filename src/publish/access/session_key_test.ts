import assert from "node:assert/strict";
import { systemRandom } from "../../system/random.ts";
import { loadSessionKey } from "./session_key.ts";

Deno.test("loadSessionKey() makes a key once, for its owner's eyes", async () => {
  const dir = await Deno.makeTempDir({ prefix: "portunus-key-" });
  try {
    const key = await loadSessionKey(dir, systemRandom);
    assert.equal(key.length, 32);
    assert.deepEqual(await loadSessionKey(dir, systemRandom), key);
    const path = `${dir}/site-session.key`;
    if (Deno.build.os !== "windows") {
      assert.equal((await Deno.stat(path)).mode ?? 0 & 0o777, 0o100600);
    }
    await Deno.writeTextFile(path, "short\n");
    await assert.rejects(loadSessionKey(dir, systemRandom), { code: "config_invalid" });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
