import assert from "node:assert/strict";
import { TempDataDir } from "../../tests/kit/data_dir.ts";
import { startStoreChild } from "../../tests/kit/store_process.ts";
import { systemClock } from "../system/clock.ts";
import { systemRandom } from "../system/random.ts";
import { backUpStore } from "./backup.ts";
import { Database } from "./database.ts";
import { SettingsRepository } from "./settings.ts";

const namesIn = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name);

const stamp = "20261121T080000Z";
const backUp = (source: string, out: string, onProgress?: (done: number) => void) =>
  backUpStore({
    source,
    out,
    stamp,
    clock: systemClock,
    random: systemRandom,
    ...(onProgress && { onProgress }),
  });

Deno.test("backUpStore() copies what is committed, log and all, for its owner only", async () => {
  using dir = new TempDataDir();
  using store = dir.open();
  new SettingsRepository(store).setAdvertisedEndpoint("edge.test:7443");

  const path = await backUp(dir.database, `${dir.path}/new/dir/copy.db`);

  assert.equal(path, `${dir.path}/new/dir/copy.db`);
  assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual(namesIn(`${dir.path}/new/dir`), [
    "copy.db",
  ]);
  using copy = new Database(path);
  assert.equal(copy.get("SELECT count(*) AS n FROM server_settings")?.n, 1n);
});

Deno.test("backUpStore() makes a name of its own in a directory", async () => {
  using dir = new TempDataDir();
  dir.open()[Symbol.dispose]();
  await Deno.mkdir(`${dir.path}/backups`);
  const path = await backUp(dir.database, `${dir.path}/backups`);
  assert.equal(path, `${dir.path}/backups/portunus-state-20261121T080000Z.db`);
  await assert.rejects(backUp(dir.database, `${dir.path}/backups`), {
    message: `destination exists: ${path}`,
  });
});

Deno.test("backUpStore() removes what backups that were killed an hour ago left there", async () => {
  using dir = new TempDataDir();
  dir.open()[Symbol.dispose]();
  const out = `${dir.path}/backups`;
  await Deno.mkdir(out);
  const [ours, foreign] = ["portunus-state-20200101T000000Z.db", "other"]
    .map((name) => `.${name}.0123456789abcdef.tmp`);
  for (const name of [ours, foreign]) {
    await Deno.writeTextFile(`${out}/${name}`, "half");
    await Deno.utime(`${out}/${name}`, 1_000_000_000, 1_000_000_000);
  }
  await backUp(dir.database, out);
  assert.deepEqual(namesIn(out).sort(), [foreign, "portunus-state-20261121T080000Z.db"]);
});

Deno.test("backUpStore() refuses what is missing, no database, or would overwrite", async () => {
  using dir = new TempDataDir();
  const out = `${dir.path}/copy.db`;
  await assert.rejects(backUp(dir.database, out), {
    code: "source_not_found",
    message: `source not found: ${dir.database}`,
  });
  await Deno.writeTextFile(dir.database, "SQLite format 4");
  await assert.rejects(backUp(dir.database, out), { code: "not_a_sqlite_file" });
  await Deno.remove(dir.database);
  dir.open()[Symbol.dispose]();
  await Deno.writeTextFile(out, "precious");
  await assert.rejects(backUp(dir.database, out), { message: `destination exists: ${out}` });
  assert.equal(await Deno.readTextFile(out), "precious");
  await assert.rejects(backUp(dir.database, `${out}/copy.db`), { code: "store_io" });
});

Deno.test("backUpStore() leaves nothing behind when it is called off", async () => {
  using dir = new TempDataDir();
  using store = dir.open();
  store.db.exec("CREATE TABLE filler AS SELECT zeroblob(1000000) AS bytes");
  const before = dir.files();
  const reason = new Error("enough");
  await assert.rejects(
    backUp(dir.database, `${dir.path}/copy.db`, () => {
      throw reason;
    }),
    (error) => error === reason,
  );
  assert.deepEqual(dir.files(), before);
});

/** How long others write during copies. A longer run: `BACKUP_SECONDS=60`. */
const seconds = Number(Deno.env.get("BACKUP_SECONDS") ?? 2);

Deno.test("backUpStore() copies one moment of a store that another process writes to", async () => {
  using dir = new TempDataDir();
  await using child = startStoreChild(dir.path);
  assert.equal(await child.line(), "open");
  const until = performance.now() + seconds * 1_000;
  for (let round = 0; round < 3 || performance.now() < until; round++) {
    const before = Number((await child.line()).replace("client-", ""));
    const path = await backUp(dir.database, `${dir.path}/copy-${round}.db`);
    using copy = new Database(path);
    assert.deepEqual(copy.all("PRAGMA integrity_check").map((it) => it.integrity_check), ["ok"]);
    const ids = copy.all("SELECT client_id FROM client_tokens").map(({ client_id }) =>
      Number(String(client_id).replace("client-", ""))
    ).sort((a, b) => a - b);
    assert.deepEqual(ids, ids.map((_, i) => i), "a prefix of what was committed");
    assert.ok(ids.length > before, `${ids.length} rows, ${before} were committed before`);
    await Deno.remove(path);
  }
});
