/**
 * `maxUsers`: how many accounts there may be, whatever the counter says.
 *
 * @module
 */

import assert from "node:assert/strict";
import { PortunusError } from "../../src/core/errors.ts";
import {
  DATABASE_KINDS,
  databaseConfig,
  databaseUrls,
  openEmpty,
  storeOn,
} from "../kit/databases.ts";

const urls = await databaseUrls();
const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");

const user = (userId: string) => ({
  userId,
  role: "user" as const,
  displayName: userId,
  createdAt: NOW,
  passwordHash: null,
  passwordChangeRequired: false,
});

const refused = (code: string) => (error: unknown) =>
  error instanceof PortunusError && error.code === code;
const nothing = () => undefined;

for (const kind of DATABASE_KINDS) {
  const open = async (maxUsers: number) =>
    storeOn(await openEmpty(databaseConfig(kind, urls[kind])), { maxUsers });

  Deno.test(`with a negative cap on ${kind} only the first superadmin comes in`, async () => {
    await using opened = await open(-1);
    const { store } = opened;
    await store.insertFirstSuperadmin(
      { user: { ...user("root"), role: "superadmin" }, credential: null },
      nothing,
    );
    await assert.rejects(store.requireRoom(), refused("registration_disabled"));
    await assert.rejects(store.insertUser(user("alice")), refused("registration_disabled"));
    await assert.rejects(store.insertUser(user("root")), refused("user_already_exists"));
  });

  Deno.test(`a full ${kind} takes nobody, and a counter that is too high is put right`, async () => {
    await using opened = await open(2);
    const { store, database } = opened;
    await store.insertUser(user("a"));
    await store.requireRoom();
    await database.write(
      (sql) => sql.query("UPDATE portunus_counters SET value = 9 WHERE name = 'users'"),
      () => Promise.resolve(false),
    );
    await store.insertUser(user("b"));
    await assert.rejects(store.requireRoom(), refused("too_many_users"));
    await assert.rejects(store.insertUser(user("c")), refused("too_many_users"));
    await store.removeUser("a", nothing);
    await store.insertUser(user("c"));
    const [row] = await database.read("SELECT value FROM portunus_counters WHERE name = 'users'");
    assert.equal(row?.["value"], 2n);
  });
}
