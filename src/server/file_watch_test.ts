import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { watchFiles } from "./file_watch.ts";

Deno.test("watchFiles() tells of every change once, and of none after its end", async () => {
  const clock = new FakeClock();
  const stamps = new Map([["a", "1"], ["b", "1"]]);
  let changes = 0;
  const watch = watchFiles({
    paths: () => [...stamps.keys()],
    intervalMs: 100,
    clock,
    changed: () => Promise.resolve(void changes++),
    look: (path) => Promise.resolve(stamps.get(path) ?? ""),
  });
  const next = async () => {
    if (clock.pending === 0) await clock.armed();
    clock.advance(100);
    await clock.armed();
  };
  await next();
  assert.equal(changes, 0, "what is there at first is nothing new");
  stamps.set("b", "2");
  await next();
  assert.equal(changes, 1);
  await next();
  assert.equal(changes, 1);
  stamps.delete("a");
  await next();
  assert.equal(changes, 2);
  watch[Symbol.dispose]();
  assert.equal(clock.pending, 0);
});

Deno.test("watchFiles() sees real files replaced, and gone", async () => {
  const dir = await Deno.makeTempDir({ prefix: "portunus-watch-" });
  try {
    const clock = new FakeClock();
    const path = `${dir}/file`;
    await Deno.writeTextFile(path, "one");
    let changes = 0;
    using _ = watchFiles({
      paths: () => [path],
      intervalMs: 100,
      clock,
      changed: () => Promise.resolve(void changes++),
    });
    const next = async () => {
      if (clock.pending === 0) await clock.armed();
      clock.advance(100);
      await clock.armed();
    };
    await next();
    await Deno.writeTextFile(`${dir}/new`, "two");
    await Deno.rename(`${dir}/new`, path);
    await next();
    assert.equal(changes, 1);
    await Deno.remove(path);
    await next();
    assert.equal(changes, 2);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
