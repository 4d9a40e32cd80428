/**
 * What four servers attempt at the same moment: exactly as much happens as may.
 *
 * @module
 */

import assert from "node:assert/strict";
import { openSharedDatabase } from "../../src/backend/open.ts";
import type { SharedIdentityStore } from "../../src/backend/shared_identity_store.ts";
import { errorText, PortunusError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/system/clock.ts";
import {
  databaseConfig,
  type DatabaseKind,
  databaseUrls,
  onEveryDatabase,
  openEmpty,
  storeOn,
} from "../kit/databases.ts";
import { silentLogger } from "../kit/silent_logger.ts";

const urls = await databaseUrls();
const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");
/** libSQL locks the whole database for a transaction, so there is less to go wrong. */
const RUNS: Readonly<Record<DatabaseKind, number>> = { postgres: 200, mysql: 200, libsql: 50 };
const SERVERS = 4;
const MAX_USERS = 4;

const user = (userId: string, role: "user" | "superadmin") => ({
  userId,
  role,
  displayName: userId,
  createdAt: NOW,
  passwordHash: `phc of ${userId}`,
  passwordChangeRequired: false,
});

/** What each attempt came to: a code, or `done`, in order. */
async function outcomes(attempts: readonly Promise<unknown>[]): Promise<string[]> {
  const ends = await Promise.all(attempts.map((attempt) =>
    attempt.then(() => "done", (error) => {
      if (error instanceof PortunusError) return error.code;
      throw new Error(errorText(error), { cause: error });
    })
  ));
  return ends.sort();
}

const nothing = () => undefined;

const root = (i: number) => ({
  user: { ...user(`root${i}`, "superadmin"), role: "superadmin" as const },
  credential: null,
});

type Stores = readonly [SharedIdentityStore, ...SharedIdentityStore[]];

/** From nobody to one superadmin. */
async function bootstrapRace(stores: Stores, run: number): Promise<void> {
  assert.deepEqual(
    await outcomes(stores.map((store, i) => store.insertFirstSuperadmin(root(i), nothing))),
    ["already_bootstrapped", "already_bootstrapped", "already_bootstrapped", "done"],
    `bootstrap of run ${run}`,
  );
}

/** From one superadmin to two, who remove each other. */
async function removalRace(stores: Stores, run: number): Promise<void> {
  const [first] = stores;
  const [winner] = await first.accounts();
  await first.insertUser(user("second", "superadmin"));
  const removals = stores.map((store, i) =>
    store.removeUser(i % 2 === 0 ? winner?.userId ?? "" : "second", nothing)
  );
  const removed = await outcomes(removals);
  assert.equal(
    removed.filter((it) => it === "done").length,
    1,
    `removals of run ${run}: ${removed}`,
  );
  assert.equal(await first.enabledSuperadmins(), 1);
}

/** Users up to the cap. */
async function capRace(stores: Stores, run: number): Promise<void> {
  const created = await outcomes(
    stores.flatMap((store, i) => [0, 1].map((n) => store.insertUser(user(`u${i}-${n}`, "user")))),
  );
  assert.equal(created.filter((it) => it === "done").length, MAX_USERS - 1, `cap of run ${run}`);
  assert.ok(created.every((it) => it === "done" || it === "too_many_users"), `${created}`);
}

/** On PostgreSQL the others are run between whole servers, in `server_races_test.ts`. */
const RACES: Readonly<Record<DatabaseKind, readonly typeof capRace[]>> = {
  postgres: [bootstrapRace],
  mysql: [bootstrapRace, removalRace, capRace],
  libsql: [bootstrapRace, removalRace, capRace],
};

async function races(kind: DatabaseKind): Promise<void> {
  const config = databaseConfig(kind, urls[kind]);
  await using stack = new AsyncDisposableStack();
  const reset = stack.use(await openEmpty(config));
  const stores: SharedIdentityStore[] = [];
  for (let i = 0; i < SERVERS; i++) {
    const database = await openSharedDatabase(config, { clock: systemClock, logger: silentLogger });
    stores.push(stack.use(storeOn(database, { maxUsers: MAX_USERS })).store);
  }
  const [first, ...others] = stores;
  assert.ok(first);
  for (let run = 0; run < RUNS[kind]; run++) {
    await reset.write(async (sql) => {
      await sql.query("DELETE FROM portunus_users");
      await sql.query("UPDATE portunus_counters SET value = 0 WHERE name = 'users'");
    }, () => Promise.resolve(true));
    for (const race of RACES[kind]) await race([first, ...others], run);
  }
}

Deno.test(
  "four servers on any database race, and the rules hold every time",
  () => onEveryDatabase(races),
);
