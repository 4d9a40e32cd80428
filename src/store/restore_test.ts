import assert from "node:assert/strict";
import { dump, TempDataDir } from "../../tests/kit/data_dir.ts";
import { systemRandom } from "../system/random.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { resetStore } from "./reset.ts";
import { type RestoreOptions, restoreStore } from "./restore.ts";
import { SettingsRepository } from "./settings.ts";

/** A directory with a store that says `endpoint`. */
function storeOf(endpoint: string): TempDataDir {
  const dir = new TempDataDir();
  using store = dir.open();
  new SettingsRepository(store).setAdvertisedEndpoint(endpoint);
  return dir;
}

/** What the store of `dir` says. */
function endpointIn(dir: TempDataDir): string | null {
  using store = dir.open();
  return new SettingsRepository(store).advertisedEndpoint();
}

const restore = (dir: TempDataDir, source: string, options: Partial<RestoreOptions> = {}) =>
  restoreStore({
    dataDir: dir.path,
    source,
    force: false,
    clock: dir.clock,
    random: systemRandom,
    ...options,
  });

Deno.test("restoreStore() puts a copy in an empty directory, for its owner only", async () => {
  using backup = storeOf("a.test:1");
  using dir = new TempDataDir();
  await Deno.chmod(backup.database, 0o644);
  const before = await Deno.readFile(backup.database);

  await restore(dir, backup.database);

  assert.equal(endpointIn(dir), "a.test:1");
  assert.equal(((await Deno.stat(dir.database)).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual(await Deno.readFile(backup.database), before);
  assert.deepEqual(dir.files(), ["state.db", "state.db.lock"]);
});

Deno.test("restoreStore() replaces a store only when it is told to", async () => {
  using backup = storeOf("a.test:1");
  using dir = storeOf("b.test:1");
  await assert.rejects(restore(dir, backup.database), {
    code: "destination_not_empty",
    message: `destination not empty: ${dir.database}`,
  });
  assert.equal(endpointIn(dir), "b.test:1");
  await restore(dir, backup.database, { force: true });
  assert.equal(endpointIn(dir), "a.test:1");
});

Deno.test("restoreStore() takes what is still in the log of the source", async () => {
  using source = storeOf("a.test:1");
  using dir = new TempDataDir();
  using store = source.open();
  new SettingsRepository(store).setAdvertisedEndpoint("later.test:1");
  await restore(dir, source.database);
  assert.equal(endpointIn(dir), "later.test:1");
});

/** Makes a store what it was at version 14. */
const BEFORE_PUBLISHING = `
  DROP TABLE tunnels; DROP TABLE sites; DROP TABLE published_hosts; DROP TABLE publish_state;
  DROP TABLE invitations;
  ALTER TABLE users DROP COLUMN totp_last_step;
  ALTER TABLE users DROP COLUMN totp_secret;
  ALTER TABLE users DROP COLUMN email;
  DELETE FROM schema_migrations WHERE version = 15
`;

Deno.test("restoreStore() migrates the copy and leaves the backup as it was", async () => {
  using dir = new TempDataDir();
  using old = storeOf("a.test:1");
  old.tamper(BEFORE_PUBLISHING);
  const before = dump(old.database);
  await restore(dir, old.database);
  assert.equal(endpointIn(dir), "a.test:1");
  assert.equal(dump(old.database), before);
});

Deno.test("restoreStore() leaves the old store alone when the backup is of no use", async () => {
  using dir = storeOf("b.test:1");
  using backup = storeOf("a.test:1");
  const files = dir.files();
  const rejected = async (change: () => void | Promise<void>, error: object) => {
    await change();
    await assert.rejects(restore(dir, backup.database, { force: true }), error);
    assert.equal(endpointIn(dir), "b.test:1");
    assert.deepEqual(dir.files(), files);
  };
  await rejected(
    () =>
      backup.tamper(
        `INSERT INTO schema_migrations VALUES (99, 'future', '2030-01-01T00:00:00+00:00', '1')`,
      ),
    { code: "schema_version_too_new", message: /on_disk=99 binary_supports=15$/ },
  );
  await rejected(
    () =>
      backup.tamper(`DELETE FROM schema_migrations WHERE version > ${SCHEMA_VERSION};
        UPDATE schema_migrations SET checksum = '1' WHERE version = 3`),
    { code: "migration_failed", message: /^migration_failed: version 3 has the checksum 1/ },
  );
  await rejected(async () => {
    const bytes = await Deno.readFile(backup.database);
    bytes.fill(0xa5, 4_096, 3 * 4_096);
    await Deno.writeFile(backup.database, bytes);
  }, { code: "migration_failed" });
  await rejected(() => Deno.writeTextFile(backup.database, "SQLite format"), {
    code: "not_a_sqlite_file",
    message: `not a sqlite file: ${backup.database}`,
  });
  await rejected(() => Deno.remove(backup.database), { code: "source_not_found" });
});

Deno.test("restoreStore() and resetStore() keep their hands off a store in use", async () => {
  using dir = storeOf("b.test:1");
  using backup = storeOf("a.test:1");
  using _store = dir.open();
  await assert.rejects(restore(dir, backup.database, { force: true }), { code: "store_in_use" });
  assert.throws(() => resetStore(dir.path), { code: "store_in_use" });
});

Deno.test("restoreStore() replaces a store that can't be read any more", async () => {
  using dir = storeOf("b.test:1");
  using backup = storeOf("a.test:1");
  await Deno.writeTextFile(dir.database, "This is not SQLite. ".repeat(300));
  await restore(dir, backup.database, { force: true });
  assert.equal(endpointIn(dir), "a.test:1");
});

Deno.test("restoreStore() can be called off at every step before the last", async () => {
  using dir = storeOf("b.test:1");
  using backup = storeOf("a.test:1");
  for (const last of ["copy", "check", "migrate", "settle", "replace"]) {
    const files = dir.files();
    const enough = new Error("enough");
    const onStep = (step: string) => {
      if (step === last) throw enough;
    };
    await assert.rejects(
      restore(dir, backup.database, { force: true, onStep }),
      (error) => error === enough,
    );
    assert.deepEqual(dir.files(), files, last);
    assert.equal(endpointIn(dir), "b.test:1", last);
  }
});

Deno.test("resetStore() removes the store and nothing else", async () => {
  using dir = storeOf("b.test:1");
  await Deno.writeTextFile(`${dir.path}/server.toml`, "");
  await Deno.writeTextFile(`${dir.database}-wal`, "");
  resetStore(dir.path);
  assert.deepEqual(dir.files(), ["server.toml"]);
  resetStore(dir.path);
  await Deno.writeTextFile(dir.database, "something else entirely");
  assert.throws(() => resetStore(dir.path), { code: "not_a_sqlite_file" });
  assert.deepEqual(dir.files(), ["server.toml", "state.db"]);
});
