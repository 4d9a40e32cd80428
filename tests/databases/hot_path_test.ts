/**
 * What looking up who asks costs the database: one indexed query at most, and no write.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SharedDatabase } from "../../src/backend/database.ts";
import { Health } from "../../src/backend/health.ts";
import { loadDriver } from "../../src/backend/open.ts";
import { OWNERS, SESSIONS } from "../../src/backend/rows.ts";
import type { Driver, SqlConnection } from "../../src/backend/sql.ts";
import { systemClock } from "../../src/system/clock.ts";
import {
  DATABASE_KINDS,
  databaseConfig,
  databaseUrls,
  openEmpty,
  openEmptyStore,
  storeOn,
} from "../kit/databases.ts";
import { silentLogger } from "../kit/silent_logger.ts";

const urls = await databaseUrls();
const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");
const REQUESTS = 100;

/** A driver that tells what its connections run. */
function recording(driver: Driver): { driver: Driver; statements: string[] } {
  const statements: string[] = [];
  const connect: Driver["connect"] = async (options) => {
    const connection = await driver.connect(options);
    const query = connection.query.bind(connection);
    return Object.assign<SqlConnection, Partial<SqlConnection>>(connection, {
      query: (sql, ...parameters) => {
        if (/^(SELECT|UPDATE|INSERT|DELETE)/.test(sql)) statements.push(sql);
        return query(sql, ...parameters);
      },
    });
  };
  return { driver: { dialect: driver.dialect, connect }, statements };
}

for (const kind of DATABASE_KINDS) {
  Deno.test(`on ${kind} a request is one query at most, and writes nothing`, async () => {
    const config = databaseConfig(kind, urls[kind]);
    (await openEmpty(config))[Symbol.dispose]();
    const { driver, statements } = recording(await loadDriver(config));
    const health = new Health(kind, silentLogger);
    await using opened = storeOn(
      new SharedDatabase({ ...config, driver, clock: systemClock, health }),
    );
    const { store } = opened;
    for (const userId of ["alice", "bob"]) {
      await store.insertUser({
        userId,
        role: "user",
        displayName: userId,
        createdAt: NOW,
        passwordHash: null,
        passwordChangeRequired: false,
      });
      await store.insertCredential({
        credentialId: `id of ${userId}`,
        userId,
        tokenHash: `hash of ${userId}`,
        label: null,
        issuedAt: NOW,
      });
    }
    const ask = async (name: string) =>
      (await store.credentialOwner(`hash of ${name}`, NOW))?.userId;
    // The first use of a minute is written, beside the request.
    for (const name of ["alice", "bob"]) assert.equal(await ask(name), name);
    await store[Symbol.asyncDispose]();

    statements.length = 0;
    for (let i = 0; i < 10; i++) await ask("alice");
    assert.equal(statements.length, 10);
    const names = Array.from({ length: REQUESTS }, (_, i) => ["alice", "bob", "nobody"][i % 3]);
    const found = await Promise.all(names.map((name) => ask(name ?? "")));
    assert.deepEqual(found, names.map((name) => name === "nobody" ? undefined : name));
    assert.ok(statements.length < 10 + REQUESTS, `${statements.length} queries`);
    assert.deepEqual(statements.filter((sql) => !sql.startsWith("SELECT")), []);
  });
}

Deno.test("PostgreSQL finds credentials and sessions by an index", async () => {
  await using opened = await openEmptyStore(databaseConfig("postgres", urls.postgres));
  await opened.database.write(async (sql) => {
    // Tables of a few rows are read from end to end otherwise.
    await sql.query("SET LOCAL enable_seqscan = off");
    for (const query of [OWNERS, SESSIONS]) {
      const { rows } = await sql.query(`EXPLAIN ${query.sql.replace("(?)", "('a', 'b')")}`);
      const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
      assert.ok(!plan.includes("Seq Scan"), plan);
    }
  }, () => Promise.resolve(false));
});
