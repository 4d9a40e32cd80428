/**
 * Servers that cannot start on their database: they say why, and bind nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SCHEMA_VERSION } from "../../src/backend/schema.ts";
import { databaseConfig, databaseUrls, openEmpty } from "../kit/databases.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";

const urls = await databaseUrls();

/** Starts a server that ends by itself; returns its exit status and what it printed. */
async function failedStart(lab: Lab, url: string) {
  const http = `127.0.0.1:${freePort()}`;
  const { process } = await lab.launchServer({
    config: {
      control_listen: `127.0.0.1:${freePort()}`,
      operator_http_listen: http,
      metrics_listen: `127.0.0.1:${freePort()}`,
      "backend.postgres.url": url,
      "backend.postgres.startupTimeout": "10s",
    },
    env: { DB_PASSWORD: "sesame" },
  });
  const status = await process.status;
  const log = process.transcript();
  assert.ok(!log.includes("server.listening") && !log.includes("sesame"), log);
  return { status, log };
}

labTest(
  "a server whose database is not there ends, and says so without the password",
  async (lab) => {
    const address = `127.0.0.1:${freePort()}`;
    const url = `postgres://portunus:\${DB_PASSWORD}@${address}/portunus`;
    const { status, log } = await failedStart(lab, url);
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
    const { status, log } = await failedStart(lab, urls.postgres);
    assert.equal(status, 78);
    assert.match(log, /"event":"startup\.schema_version_too_new"/);
  } finally {
    await setVersion(SCHEMA_VERSION);
  }
});
