/**
 * Shared accounts that an earlier version made are taken over as they are.
 *
 * @module
 */

import assert from "node:assert/strict";
import { openSharedDatabase } from "../../src/backend/open.ts";
import { SCHEMA_VERSION } from "../../src/backend/schema.ts";
import { systemClock } from "../../src/system/clock.ts";
import {
  DATABASE_KINDS,
  databaseConfig,
  databaseUrls,
  openEmpty,
  storeOn,
} from "../kit/databases.ts";
import { silentLogger } from "../kit/silent_logger.ts";

const urls = await databaseUrls();
/** What version 2 added to the users. */
const NEW_COLUMNS = ["email", "totp_secret", "totp_last_step"];

for (const kind of DATABASE_KINDS) {
  Deno.test(`a ${kind} database of schema 1 gets the columns of 2, also after half of them`, async () => {
    const config = databaseConfig(kind, urls[kind]);
    using old = await openEmpty(config);
    const run = (...statements: readonly string[]) =>
      old.write(async (sql) => {
        for (const statement of statements) await sql.query(statement);
      }, () => Promise.resolve(false));
    for (const dropped of [NEW_COLUMNS, NEW_COLUMNS.slice(1)]) {
      await run(
        ...dropped.map((column) => `ALTER TABLE portunus_users DROP COLUMN ${column}`),
        "UPDATE portunus_counters SET value = 1 WHERE name = 'schema'",
        "DELETE FROM portunus_users",
        `INSERT INTO portunus_users (user_id, role, display_name, disabled, created_at,
           password_hash, password_change_required) VALUES ('alice', 'user', 'A', 0, 1, 'phc', 0)`,
      );
      const database = await openSharedDatabase(config, {
        clock: systemClock,
        logger: silentLogger,
      });
      await using opened = storeOn(database);
      const { store } = opened;
      assert.equal((await store.account("alice"))?.totpEnabled, false);
      await store.setUpTotp("alice", "S");
      assert.equal(await store.confirmTotp("alice", { secret: "S", step: 1 }), true);
      const [row] = await database.read(
        "SELECT value FROM portunus_counters WHERE name = 'schema'",
      );
      assert.equal(Number(row?.["value"]), SCHEMA_VERSION);
    }
  });
}
