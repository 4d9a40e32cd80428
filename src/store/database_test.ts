import assert from "node:assert/strict";
import { openTempStore, TempDataDir } from "../../tests/kit/data_dir.ts";
import { Database, StoreError } from "./database.ts";

/** A database in memory with one table, `t`. */
function numbers(): Database {
  const db = new Database(":memory:");
  db.exec("CREATE TABLE t (n INTEGER PRIMARY KEY, note TEXT) STRICT");
  return db;
}

const kindOf = (kind: string) => (error: unknown) =>
  error instanceof StoreError && error.kind === kind && error.message.startsWith(`${kind}: `);

Deno.test("Database sets every pragma", () => {
  using it = openTempStore();
  const pragmas = [
    ["journal_mode", "wal"],
    ["synchronous", 1n], // NORMAL
    ["foreign_keys", 1n],
    ["busy_timeout", 5000n],
    ["temp_store", 2n], // MEMORY
    ["cache_size", -8000n],
    ["auto_vacuum", 2n], // INCREMENTAL
  ] as const;
  for (const [name, expected] of pragmas) {
    const [value] = Object.values(it.store.db.get(`PRAGMA ${name}`) ?? {});
    assert.equal(value, expected, name);
  }
});

Deno.test("Database leaves auto_vacuum of an existing file as it is", () => {
  using dir = new TempDataDir();
  dir.tamper("CREATE TABLE of_3_1_0 (n INTEGER)");
  using db = new Database(dir.database);
  assert.deepEqual({ ...db.get("PRAGMA auto_vacuum") }, { auto_vacuum: 0n });
});

Deno.test("Database keeps all 64 bits of an integer", () => {
  using db = numbers();
  const extremes = [-(2n ** 63n), -1n, 0n, 2n ** 53n + 1n, 2n ** 63n - 1n];
  for (const n of extremes) db.run("INSERT INTO t (n) VALUES (?)", n);
  assert.deepEqual(db.all("SELECT n FROM t ORDER BY n").map(({ n }) => n), extremes);
});

Deno.test("Database binds a number as an integer, and refuses what is none", () => {
  using db = numbers();
  assert.deepEqual({ ...db.get("SELECT typeof(?) AS type", 3) }, { type: "integer" });
  for (const bad of [1.5, NaN, 2n ** 63n, -(2n ** 63n) - 1n]) {
    assert.throws(() => db.run("INSERT INTO t (n) VALUES (?)", bad), StoreError, `${bad}`);
  }
  assert.deepEqual(db.all("SELECT * FROM t"), []);
});

Deno.test("Database sorts SQLite's errors into classes", () => {
  using db = numbers();
  db.run("INSERT INTO t (n) VALUES (1)");
  assert.throws(() => db.run("INSERT INTO t (n) VALUES (1)"), kindOf("conflict"));
  assert.throws(() => db.get("SELECT * FROM nothing"), kindOf("internal"));
  assert.throws(() => db.exec("SELECT * FROM nothing"), kindOf("internal"));
});

Deno.test("Database calls a file that is none corrupt", () => {
  using dir = new TempDataDir();
  Deno.writeTextFileSync(dir.database, "This is not SQLite. ".repeat(300));
  assert.throws(() => new Database(dir.database), kindOf("corruption"));
});

Deno.test("Database calls a locked file transient", () => {
  using dir = new TempDataDir();
  using first = new Database(dir.database);
  let busy = 0;
  using second = new Database(dir.database, () => busy++);
  first.run("CREATE TABLE t (n INTEGER)");
  second.run("PRAGMA busy_timeout = 0");
  first.write(() => {
    first.run("INSERT INTO t VALUES (1)");
    assert.throws(() => second.write(() => {}), kindOf("transient"));
  });
  second.write(() => second.run("INSERT INTO t VALUES (2)"));
  assert.deepEqual({ ...first.get("SELECT sum(n) AS sum FROM t") }, { sum: 3n });
  assert.equal(busy, 1);
});

Deno.test("write() keeps what its function did when it returns, and nothing when it throws", () => {
  using db = numbers();
  const result = db.write(() => {
    db.run("INSERT INTO t (n) VALUES (1)");
    db.run("INSERT INTO t (n) VALUES (2)");
    return "done";
  });
  assert.equal(result, "done");
  const boom = new Error("boom");
  assert.throws(() =>
    db.write(() => {
      db.run("INSERT INTO t (n) VALUES (3)");
      db.run("DELETE FROM t WHERE n = 1");
      throw boom;
    }), boom);
  assert.deepEqual(db.all("SELECT n FROM t").map(({ n }) => n), [1n, 2n]);
});

Deno.test("write() undoes the statements before one that SQLite refused", () => {
  using db = numbers();
  assert.throws(() =>
    db.write(() => {
      db.run("INSERT INTO t (n) VALUES (1)");
      db.run("INSERT INTO t (n) VALUES (1)");
    }), kindOf("conflict"));
  assert.deepEqual(db.all("SELECT n FROM t"), []);
  db.write(() => db.run("INSERT INTO t (n) VALUES (1)"));
});

Deno.test("write() refuses to begin inside another transaction, and the outer one ends undone", () => {
  using db = numbers();
  assert.throws(() =>
    db.write(() => {
      db.run("INSERT INTO t (n) VALUES (1)");
      db.write(() => db.run("INSERT INTO t (n) VALUES (2)"));
    }), { name: "TypeError", message: "Cannot begin a transaction inside another" });
  assert.deepEqual(db.all("SELECT n FROM t"), []);
});

Deno.test("write() refuses an asynchronous function and undoes what it did so far", () => {
  using db = numbers();
  assert.throws(() =>
    db.write(() => {
      db.run("INSERT INTO t (n) VALUES (1)");
      return Promise.resolve();
    }), { name: "TypeError", message: "A transaction cannot be asynchronous" });
  assert.deepEqual(db.all("SELECT n FROM t"), []);
});

Deno.test("read() sees one state while another connection writes", () => {
  using dir = new TempDataDir();
  using reader = new Database(dir.database);
  using writer = new Database(dir.database);
  writer.run("CREATE TABLE t (n INTEGER)");
  const count = () => reader.get("SELECT count(*) AS n FROM t")?.n;
  const counts = reader.read(() => {
    const before = count();
    writer.run("INSERT INTO t VALUES (1)");
    return [before, count()];
  });
  assert.deepEqual([...counts, count()], [0n, 0n, 1n]);
});

Deno.test("Database closes twice without harm, and leaves no log behind", () => {
  using dir = new TempDataDir();
  const db = new Database(dir.database);
  db.run("CREATE TABLE t (n INTEGER)");
  assert.deepEqual(dir.files(), ["state.db", "state.db-shm", "state.db-wal"]);
  db[Symbol.dispose]();
  db[Symbol.dispose]();
  assert.deepEqual(dir.files(), ["state.db"]);
});

Deno.test("Database empties the log when it closes, though another connection stays open", () => {
  using dir = new TempDataDir();
  using beside = new Database(dir.database);
  {
    using db = new Database(dir.database);
    db.run("CREATE TABLE t (n INTEGER)");
    assert.deepEqual(beside.all("SELECT * FROM t"), []);
    assert.notEqual(Deno.statSync(`${dir.database}-wal`).size, 0);
  }
  assert.equal(Deno.statSync(`${dir.database}-wal`).size, 0);
});

Deno.test("Database closes at once while another connection reads the log", () => {
  using dir = new TempDataDir();
  using reader = new Database(dir.database);
  const db = new Database(dir.database);
  db.run("CREATE TABLE t (n INTEGER)");
  reader.read(() => {
    reader.get("SELECT count(*) FROM t");
    db.run("INSERT INTO t VALUES (1)");
    const before = performance.now();
    db[Symbol.dispose]();
    assert.ok(performance.now() - before < 2_000, "it waited for the reader");
  });
  assert.deepEqual(reader.all("SELECT n FROM t").map(({ n }) => n), [1n]);
});
