import assert from "node:assert/strict";
import { TempDataDir } from "../../tests/kit/temp_store.ts";
import { PortunusError } from "../core/errors.ts";
import { lockStore } from "./lock.ts";
import { storePaths } from "./paths.ts";

const inUse = (error: unknown) => error instanceof PortunusError && error.code === "store_in_use";

Deno.test("lockStore() lets one have the lock at a time", () => {
  using dir = new TempDataDir();
  const paths = storePaths(dir.path);
  {
    using _lock = lockStore(paths);
    assert.throws(() => lockStore(paths), inUse);
    assert.throws(() => lockStore(paths), inUse);
  }
  using _again = lockStore(paths);
});

Deno.test("lockStore() names the database, not the lock file", () => {
  using dir = new TempDataDir();
  const paths = storePaths(`${dir.path}/`);
  using _lock = lockStore(paths);
  assert.throws(() => lockStore(paths), { message: `store_in_use: ${dir.path}/state.db` });
});

Deno.test("lockStore() locks the file that has the name, when its holder removed the old one", () => {
  using dir = new TempDataDir();
  const paths = storePaths(dir.path);
  using _old = lockStore(paths);
  Deno.removeSync(paths.lock);
  using _new = lockStore(paths);
  assert.throws(() => lockStore(paths), inUse);
});

Deno.test("lockStore() says what the system says when there can be no file", () => {
  using dir = new TempDataDir();
  assert.throws(() => lockStore(storePaths(`${dir.path}/missing`)), Deno.errors.NotFound);
});
