/**
 * Servers that cannot start on their database: they say why, and bind nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SCHEMA_VERSION } from "../../src/backend/schema.ts";
import { databaseConfig, databaseUrls, openEmpty } from "../kit/databases.ts";
import { failedStart } from "../kit/failed_start.ts";
import { labTest } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";

const urls = await databaseUrls();

labTest(
  "a server whose database is not there ends, and says so without the password",
  async (lab) => {
    const address = `127.0.0.1:${freePort()}`;
    const url = `postgres://portunus:\${DB_PASSWORD}@${address}/portunus`;
    const { status, log } = await failedStart(lab, "postgres", url);
    assert.equal(status, 1);
    const reason = `startup.backend_connect backend=postgres connect ECONNREFUSED ${address}`;
    assert.ok(log.includes(`serve failed: ${reason}`), log);
    assert.match(log, /"event":"startup\.backend_connect"/);
  },
);

labTest("a server that is older than the shared schema ends with 78", async (lab) => {
  using database = await openEmpty(databaseConfig("postgres", urls.postgres));
  const setVersion = (version: number) =>
    database.write(
      (sql) => sql.query("UPDATE portunus_counters SET value = ? WHERE name = 'schema'", version),
      () => Promise.resolve(false),
    );
  await setVersion(99);
  try {
    const { status, log } = await failedStart(lab, "postgres", urls.postgres);
    assert.equal(status, 78);
    assert.match(log, /"event":"startup\.schema_version_too_new"/);
  } finally {
    await setVersion(SCHEMA_VERSION);
  }
});
