import assert from "node:assert/strict";
import { TempDataDir } from "../../tests/kit/data_dir.ts";
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
  assert.throws(() => lockStore(paths), {
    message: `store_in_use: ${dir.path}/state.db (process ${Deno.pid} has it: stop that first)`,
  });
});

Deno.test("lockStore() locks the file that has the name, when it got one that was removed", () => {
  using dir = new TempDataDir();
  const paths = storePaths(dir.path);
  {
    using _between = beforeNextLock(() => Deno.removeSync(paths.lock));
    using _lock = lockStore(paths);
    assert.throws(() => lockStore(paths), inUse);
  }
  using _again = lockStore(paths);
});

/** Runs `fn` between the opening of the next lock file and its locking, as a reset might. */
function beforeNextLock(fn: () => void): Disposable {
  const { prototype } = Deno.FsFile;
  const { tryLockSync } = prototype;
  const restore = () => {
    prototype.tryLockSync = tryLockSync;
  };
  prototype.tryLockSync = function (exclusive) {
    restore();
    fn();
    return this.tryLockSync(exclusive);
  };
  return { [Symbol.dispose]: restore };
}

Deno.test("lockStore() says what the system says when there can be no file", () => {
  using dir = new TempDataDir();
  assert.throws(() => lockStore(storePaths(`${dir.path}/missing`)), Deno.errors.NotFound);
});
