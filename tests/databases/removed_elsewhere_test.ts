/**
 * What a server keeps of users whom another server removed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { openAccounts } from "../../src/backend/accounts.ts";
import { SharedAccounts } from "../../src/backend/shared_accounts.ts";
import { AccessService } from "../../src/control/access.ts";
import { OwnerSweep } from "../../src/server/owner_sweep.ts";
import { StoreError } from "../../src/store/database.ts";
import { IdentityTables } from "../../src/store/identity_tables.ts";
import { systemClock } from "../../src/system/clock.ts";
import { SHARED_IDENTITY } from "../../src/core/limits.ts";
import { databaseConfig, databaseUrls, openEmptyStore } from "../kit/databases.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import { RuleFixture } from "../kit/rule_fixture.ts";

const { postgres: url } = await databaseUrls();
const CONFIG = databaseConfig("postgres", url);
const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");
const nothing = () => undefined;

const user = (userId: string, role: "user" | "superadmin" = "user") => ({
  userId,
  role,
  displayName: userId,
  createdAt: NOW,
  passwordHash: null,
  passwordChangeRequired: false,
});

/** Another server on an empty database, and this one with a rule of alice, who is in the database. */
async function openPair() {
  await using stack = new AsyncDisposableStack();
  const elsewhere = stack.use(await openEmptyStore(CONFIG)).store;
  await elsewhere.insertFirstSuperadmin(
    { user: { ...user("root"), role: "superadmin" }, credential: null },
    nothing,
  );
  await elsewhere.insertUser(user("alice"));
  const fixture = stack.use(new RuleFixture());
  const { store } = fixture.db;
  const tables = new IdentityTables(store);
  const shared = stack.use(
    await SharedAccounts.open({
      store,
      backend: { database: CONFIG, maxUsers: null, unresolved: [] },
      clock: systemClock,
      logger: fixture.logger,
    }),
  );
  const access = new AccessService({ ...shared.accounts, ...fixture, rules: fixture.rules });
  const { clock, logger } = fixture;
  const sweep = stack.use(new OwnerSweep({ shared, access, clock, logger }));
  shared.accounts.anchor("alice");
  fixture.connect();
  await fixture.push();
  const all = stack.move();
  return {
    elsewhere,
    fixture,
    tables,
    shared,
    sweep,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

Deno.test("rules of a user whom another server removed go with the next sweep", async () => {
  await using pair = await openPair();
  const { elsewhere, fixture, tables, sweep } = pair;
  await sweep.run();
  assert.equal(fixture.rules.list().length, 1);
  await elsewhere.removeUser("alice", nothing);
  await sweep.run();
  assert.deepEqual(fixture.rules.list(), []);
  assert.equal(tables.users.has("alice"), false);
  assert.equal(fixture.logger.of("operator.user_removed_elsewhere").length, 1);
});

Deno.test("a sweep believes no database without a superadmin, and none that is away", async () => {
  await using pair = await openPair();
  const { elsewhere, fixture, shared, sweep } = pair;
  await elsewhere.removeUser("alice", nothing);
  const root = await elsewhere.account("root");
  assert.equal(root?.role, "superadmin");
  // As if somebody had emptied the tables.
  await using _emptied = await openEmptyStore(CONFIG);
  assert.deepEqual(await shared.removedElsewhere(), []);
  shared.removedElsewhere = () => Promise.reject(new Error("away"));
  await sweep.run();
  assert.equal(fixture.rules.list().length, 1);
  assert.equal(fixture.logger.of("auth_backend.sweep_failed").length, 1);
});

Deno.test("a removal that this server's full disk did not follow is done with the next sweep", async () => {
  await using pair = await openPair();
  const { elsewhere, fixture, tables, shared, sweep } = pair;
  await shared.accounts.store.removeUser("alice", () => {
    throw new StoreError("internal", "no space");
  });
  assert.equal(await elsewhere.account("alice"), undefined);
  assert.equal(fixture.logger.of("auth_backend.local_write_failed").length, 1);
  assert.equal(tables.users.has("alice"), true);
  await sweep.run();
  assert.equal(tables.users.has("alice"), false);
  assert.deepEqual(fixture.rules.list(), []);
});

Deno.test("a sweep comes once a minute", async () => {
  await using pair = await openPair();
  const { fixture, shared } = pair;
  const swept = Promise.withResolvers<void>();
  shared.removedElsewhere = () => {
    swept.resolve();
    return Promise.resolve([]);
  };
  fixture.clock.advance(SHARED_IDENTITY.sweepIntervalSecs * 1_000);
  await swept.promise;
});

Deno.test("local accounts from before stay, and are told of while the shared table is empty", async () => {
  await (await openEmptyStore(CONFIG))[Symbol.asyncDispose]();
  using fixture = new RuleFixture();
  const { store } = fixture.db;
  const tables = new IdentityTables(store);
  tables.users.setPassword("alice", { hash: "phc", changeRequired: false });
  const logger = new RecordingLogger();
  await using opened = await openAccounts({
    store,
    backend: { database: CONFIG, maxUsers: null, unresolved: ["NOT_SET"] },
    clock: systemClock,
    logger,
  });
  assert.deepEqual(logger.lines.map(({ event }) => event), [
    "startup.backend_variable_unset",
    "auth.backend_local_users_ignored",
  ]);
  await opened.accounts.store.insertFirstSuperadmin(
    { user: { ...user("root"), role: "superadmin" }, credential: null },
    nothing,
  );
  assert.deepEqual(await opened.shared?.removedElsewhere(), []);
});
