/**
 * Databases that are slow, busy, cut off, or lost at the worst moment.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { DatabaseConfig } from "../../src/backend/config.ts";
import { SharedDatabase } from "../../src/backend/database.ts";
import { Health } from "../../src/backend/health.ts";
import { loadDriver, openSharedDatabase } from "../../src/backend/open.ts";
import { SCHEMA_VERSION } from "../../src/backend/schema.ts";
import { type Driver, type SqlConnection, SqlError } from "../../src/backend/sql.ts";
import { PortunusError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/system/clock.ts";
import { RoundRobin } from "../kit/balancer.ts";
import {
  databaseConfig,
  databaseUrls,
  onEveryDatabase,
  openEmpty,
  openEmptyStore,
  storeOn,
} from "../kit/databases.ts";
import { freePort } from "../kit/ports.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import { silentLogger } from "../kit/silent_logger.ts";

const urls = await databaseUrls();
const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");
const NO = () => Promise.resolve(false);

const USER = {
  userId: "alice",
  role: "user",
  displayName: "Alice",
  createdAt: NOW,
  passwordHash: "old",
  passwordChangeRequired: false,
} as const;

const failed = (code: string) => (error: unknown) =>
  error instanceof PortunusError && error.code === code;

const open = (config: DatabaseConfig, logger = silentLogger) =>
  openSharedDatabase(config, { clock: systemClock, logger });

Deno.test("a slow query is given up, and its connection with it", async () => {
  using database = await open({ ...databaseConfig("postgres", urls.postgres), timeoutMs: 300 });
  await assert.rejects(
    database.read("SELECT pg_sleep(20) AS slept"),
    failed("identity_backend_timeout"),
  );
  assert.deepEqual(await database.read("SELECT 1 AS n"), [{ n: 1n }]);
  assert.equal(database.health.failures.timeout, 1);
});

Deno.test("when all connections are in use, a read waits, and not for ever", async () => {
  const config = databaseConfig("postgres", urls.postgres);
  using database = await open({ ...config, maxConnections: 1, timeoutMs: 1_000 });
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const holding = database.write(async () => {
    begun.resolve();
    await release.promise;
  }, NO);
  await begun.promise;
  await assert.rejects(database.read("SELECT 1"), failed("identity_backend_timeout"));
  const waiting = database.read("SELECT 2 AS n");
  release.resolve();
  assert.deepEqual(await waiting, [{ n: 2n }]);
  await holding;
});

Deno.test("a transaction that is cut changes nothing; idle connections that are cut are replaced", async () => {
  const { hostname, port } = new URL(urls.postgres);
  await using proxy = new RoundRobin([`${hostname}:${port}`]);
  const url = urls.postgres.replace(`${hostname}:${port}`, proxy.address);
  await using opened = await openEmptyStore(databaseConfig("postgres", url));
  const { store, database } = opened;
  await store.insertUser(USER);
  await assert.rejects(
    database.write(async (sql) => {
      await sql.query("DELETE FROM portunus_users");
      proxy.cut();
      await sql.query("SELECT 1");
    }, NO),
    failed("identity_backend_unavailable"),
  );
  assert.ok(await store.account("alice"));
  proxy.cut();
  assert.ok(await store.account("alice"), "nobody notices");
});

Deno.test("a database that lost its tables is an outage, not a stranger", async () => {
  await using opened = await openEmptyStore(databaseConfig("postgres", urls.postgres));
  const { store, database } = opened;
  await store.insertUser(USER);
  const rename = (from: string, to: string) =>
    database.write((sql) => sql.query(`ALTER TABLE ${from} RENAME TO ${to}`), NO);
  await rename("portunus_users", "gone");
  try {
    await assert.rejects(store.account("alice"), failed("identity_backend_unavailable"));
    await assert.rejects(store.enabledSuperadmins(), failed("identity_backend_unavailable"));
    await assert.rejects(
      store.credentialOwner("h", NOW),
      failed("identity_backend_unavailable"),
    );
  } finally {
    await rename("gone", "portunus_users");
  }
});

Deno.test("an outage is logged when it begins and when it ends, without the password", () => {
  const logger = new RecordingLogger();
  const health = new Health("postgres", logger);
  for (let i = 0; i < 3; i++) {
    health.failed("unavailable", new SqlError("unavailable", "postgres://u:secret@h refused"));
  }
  health.succeeded();
  health.succeeded();
  assert.deepEqual(logger.lines.map(({ event }) => event), [
    "auth_backend.failed",
    "auth_backend.recovered",
  ]);
  assert.ok(!logger.text().includes("secret"));
});

/** A driver whose next commit is lost: before the database gets it, or only its answer. */
class LosingDriver implements Driver {
  readonly dialect: Driver["dialect"];
  readonly #driver: Driver;
  lose: "before" | "after" | null = null;

  constructor(driver: Driver) {
    this.#driver = driver;
    this.dialect = driver.dialect;
  }

  connect: Driver["connect"] = async (options) => {
    const connection = await this.#driver.connect(options);
    const commit = connection.commit.bind(connection);
    return Object.assign<SqlConnection, Partial<SqlConnection>>(connection, {
      commit: async () => {
        const { lose } = this;
        this.lose = null;
        if (lose === null || lose === "after") await commit();
        if (lose === null) return;
        connection.close();
        throw new SqlError("unavailable", "lost");
      },
    });
  };
}

Deno.test("a password change whose commit was lost is told as it was", () =>
  onEveryDatabase(async (kind) => {
    const config = databaseConfig(kind, urls[kind]);
    (await openEmpty(config))[Symbol.dispose]();
    const driver = new LosingDriver(await loadDriver(config));
    const health = new Health(kind, silentLogger);
    const database = new SharedDatabase({ ...config, driver, clock: systemClock, health });
    await using opened = storeOn(database);
    const { store } = opened;
    await store.insertUser(USER);

    driver.lose = "after";
    assert.equal(await store.replacePassword({ userId: "alice", from: "old", to: "new" }), true);
    assert.equal(await store.passwordHash("alice"), "new");

    driver.lose = "before";
    await assert.rejects(
      store.replacePassword({ userId: "alice", from: "new", to: "newest" }),
      failed("identity_backend_unavailable"),
    );
    assert.equal(await store.passwordHash("alice"), "new");

    driver.lose = "after";
    await store.insertUser({ ...USER, userId: "bob" });
    assert.ok(await store.account("bob"));
    driver.lose = "after";
    assert.deepEqual(
      await store.overridePassword({
        userId: "bob",
        hash: "given",
        changeRequired: true,
        keepCredentials: false,
        now: NOW,
      }),
      { sessions: 0, credentials: 0 },
    );
  }));

Deno.test("where nothing listens, opening says so at once, with the name and no password", async () => {
  const cases = [
    ["postgres", `postgres://u:secret@127.0.0.1:${freePort()}/x`],
    ["mysql", `mysql://u:secret@127.0.0.1:${freePort()}/x`],
    ["libsql", `http://127.0.0.1:${freePort()}`],
  ] as const;
  for (const [kind, url] of cases) {
    await assert.rejects(open(databaseConfig(kind, url)), (error) => {
      assert.ok(error instanceof PortunusError && error.code === "backend_connect", `${error}`);
      assert.match(
        error.detail ?? "",
        new RegExp(`^backend=${kind} .*(refused|ECONNREFUSED)`, "i"),
      );
      assert.ok(!error.message.includes("secret"));
      return true;
    });
  }
});

Deno.test("a connection that has to be encrypted is never made in the clear", async () => {
  const cases = [
    ["postgres", `${urls.postgres}?sslmode=require`],
    ["mysql", `${urls.mysql}?ssl-mode=REQUIRED`],
    ["mysql", `${urls.mysql.replace("127.0.0.1", "localhost")}?ssl-mode=VERIFY_IDENTITY`],
  ] as const;
  for (const [kind, url] of cases) {
    await assert.rejects(open(databaseConfig(kind, url)), (error) => {
      assert.ok(error instanceof PortunusError, `${error}`);
      assert.match(error.message, /SSL|secure connection/);
      return true;
    });
  }
});

Deno.test("a schema of a newer version is refused", async () => {
  const config = databaseConfig("postgres", urls.postgres);
  using database = await openEmpty(config);
  const setVersion = (version: number) =>
    database.write(
      (sql) => sql.query("UPDATE portunus_counters SET value = ? WHERE name = 'schema'", version),
      NO,
    );
  await setVersion(99);
  try {
    await assert.rejects(open(config), failed("schema_version_too_new"));
  } finally {
    await setVersion(SCHEMA_VERSION);
  }
});

Deno.test("eight servers that start at once make one schema", () =>
  onEveryDatabase(async (kind) => {
    const config = databaseConfig(kind, urls[kind]);
    using database = await openEmpty(config);
    const tables = ["users", "credentials", "web_sessions", "login_attempts", "counters"];
    await database.write(async (sql) => {
      for (const table of tables) await sql.query(`DROP TABLE portunus_${table}`);
    }, NO);
    const opened = await Promise.all(Array.from({ length: 8 }, () => open(config)));
    for (const each of opened) each[Symbol.dispose]();
    const counters = await database.read("SELECT name, value FROM portunus_counters ORDER BY name");
    assert.deepEqual(counters.map(({ name, value }) => `${name} ${value}`), [
      "bootstrap 0",
      `schema ${SCHEMA_VERSION}`,
      "users 0",
    ]);
  }));

Deno.test("a bootstrap whose commit was lost takes no setup token, and can be repeated", async () => {
  const config = databaseConfig("postgres", urls.postgres);
  (await openEmpty(config))[Symbol.dispose]();
  const driver = new LosingDriver(await loadDriver(config));
  const health = new Health("postgres", silentLogger);
  const database = new SharedDatabase({ ...config, driver, clock: systemClock, health });
  await using opened = storeOn(database);
  const { store } = opened;
  const first = { user: { ...USER, role: "superadmin" }, credential: null } as const;
  let taken = 0;
  const take = () => void taken++;
  driver.lose = "before";
  await assert.rejects(
    store.insertFirstSuperadmin(first, take),
    failed("identity_backend_unavailable"),
  );
  assert.equal(taken, 0);
  driver.lose = "after";
  await store.insertFirstSuperadmin(first, take);
  assert.equal(taken, 1);
});
