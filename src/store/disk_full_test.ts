import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { silentLogger } from "../../tests/kit/silent_logger.ts";
import { fillUp, mountTmpfs } from "../../tests/kit/tmpfs.ts";
import { StoreError } from "./database.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { openStore, type Store } from "./open.ts";

const ROW_BYTES = 200_000;

/** Two tables in one transaction, with a row in each that fills many pages. */
function writeBoth(store: Store, n: number): void {
  const text = "x".repeat(ROW_BYTES);
  store.write(() => {
    store.db.run(
      "INSERT INTO users (user_id, role, display_name, created_at) VALUES (?, 'user', ?, 't')",
      `u${n}`,
      text,
    );
    store.db.run(
      `INSERT INTO credentials (credential_id, user_id, hash, label, status, issued_at)
       VALUES (?, ?, ?, ?, 'active', 't')`,
      `c${n}`,
      `u${n}`,
      `h${n}`,
      text,
    );
  });
}

Deno.test("a write that finds the disk full is undone, and the next works once there is room", () => {
  using mount = mountTmpfs("writing to a full disk", 8);
  if (!mount) return;
  using store = openStore({
    dataDir: `${mount.path}/data`,
    clock: new FakeClock(),
    logger: silentLogger,
  });
  const counts = () =>
    ["users", "credentials"].map((table) =>
      Number(store.db.get(`SELECT count(*) AS n FROM ${table}`)?.n)
    );

  writeBoth(store, 0);
  fillUp(`${mount.path}/ballast`);
  const failed: unknown[] = [];
  // What the log has allocated already takes some more.
  for (let n = 1; failed.length < 3 && n < 100; n++) {
    const before = counts();
    try {
      writeBoth(store, n);
    } catch (error) {
      failed.push(error);
      assert.deepEqual(counts(), before);
    }
  }
  assert.equal(failed.length, 3);
  for (const error of failed) {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.kind, "internal");
    assert.match(error.message, /database or disk is full|disk I\/O error/);
  }

  Deno.removeSync(`${mount.path}/ballast`);
  const [users = 0] = counts();
  writeBoth(store, 1000);
  assert.deepEqual(counts(), [users + 1, users + 1]);
  assert.deepEqual({ ...store.db.get("PRAGMA integrity_check") }, { integrity_check: "ok" });
});

Deno.test("openStore() fails when the disk is full, and works once there is room", () => {
  using mount = mountTmpfs("opening a store on a full disk", 1);
  if (!mount) return;
  const options = { dataDir: `${mount.path}/data`, clock: new FakeClock(), logger: silentLogger };
  Deno.mkdirSync(options.dataDir);
  fillUp(`${mount.path}/ballast`);
  assert.throws(() => openStore(options), { name: "PortunusError" });
  Deno.removeSync(`${mount.path}/ballast`);
  using store = openStore(options);
  assert.equal(store.schemaVersion(), SCHEMA_VERSION);
});
