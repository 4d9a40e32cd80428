import assert from "node:assert/strict";
import type { SharedDatabase } from "../../src/backend/database.ts";
import { openSharedDatabase } from "../../src/backend/open.ts";
import { type Primary, Replica } from "../../src/backend/replica.ts";
import type { Query } from "../../src/backend/sql.ts";
import { PortunusError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/system/clock.ts";
import { databaseConfig, databaseUrls, openEmpty, storeOn } from "../kit/databases.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { testIdentityStore } from "../kit/identity_store_contract.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import { silentLogger } from "../kit/silent_logger.ts";

const { libsql: url } = await databaseUrls();
const CONFIG = databaseConfig("libsql", url);
const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");
const INTERVAL_MS = 60_000;

const USER = {
  userId: "alice",
  role: "user",
  displayName: "Alice",
  createdAt: NOW,
  passwordHash: "phc",
  passwordChangeRequired: false,
} as const;

const credential = (credentialId: string, tokenHash: string) => ({
  credentialId,
  userId: "alice",
  tokenHash,
  label: null,
  issuedAt: NOW,
});

/** A database that can be out of reach for the replica. */
class FlakyPrimary implements Primary {
  readonly #database: SharedDatabase;
  failing = false;
  asked = 0;

  constructor(database: SharedDatabase) {
    this.#database = database;
  }

  snapshot(queries: readonly Query[]) {
    this.asked++;
    return this.failing
      ? Promise.reject(new PortunusError("identity_backend_unavailable"))
      : this.#database.snapshot(queries);
  }
}

/** A server with a replica (`near`) and one without (`far`) on one database, where alice has `h1`. */
async function openPair(intervalMs = INTERVAL_MS) {
  await using stack = new AsyncDisposableStack();
  const path = await Deno.makeTempDir({ prefix: "portunus-replica-" });
  stack.defer(() => Deno.remove(path, { recursive: true }));
  const far = stack.use(storeOn(await openEmpty(CONFIG))).store;
  await far.insertUser(USER);
  await far.insertCredential(credential("c1", "h1"));
  const database = await openSharedDatabase(CONFIG, { clock: systemClock, logger: silentLogger });
  const primary = new FlakyPrimary(database);
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const file = `${path}/replica.db`;
  const replica = stack.use(
    await Replica.open({ path: file, primary, intervalMs, clock, logger }),
  );
  const near = stack.use(storeOn(database, { copy: replica })).store;
  const all = stack.move();
  return {
    near,
    far,
    file,
    replica,
    primary,
    clock,
    logger,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

testIdentityStore("libsql with a replica", async () => {
  const stack = new AsyncDisposableStack();
  const path = await Deno.makeTempDir({ prefix: "portunus-replica-" });
  stack.defer(() => Deno.remove(path, { recursive: true }));
  const database = await openEmpty(CONFIG);
  const options = { path: `${path}/replica.db`, primary: database, intervalMs: 0 };
  const replica = stack.use(
    await Replica.open({ ...options, clock: systemClock, logger: silentLogger }),
  );
  const { store } = stack.use(storeOn(database, { copy: replica }));
  return { store, [Symbol.asyncDispose]: () => stack.disposeAsync() };
});

Deno.test("Replica: a revocation elsewhere is seen with the next sync, a new token at once", async () => {
  await using pair = await openPair();
  const { near, far, replica, clock } = pair;
  assert.ok(await near.credentialOwner("h1", NOW));
  await far.revokeCredential("alice", "c1", NOW);
  assert.ok(await near.credentialOwner("h1", NOW), "from the file");
  await far.insertCredential(credential("c2", "h2"));
  assert.ok(await near.credentialOwner("h2", NOW), "from the database");
  const session = {
    sessionHash: "s1",
    userId: "alice",
    createdAt: NOW,
    absoluteExpiresAt: NOW.add({ hours: 1 }),
    remoteAddr: "192.0.2.1",
    userAgent: null,
  };
  await far.insertSession(session, { passwordHash: "phc", code: null });
  assert.ok(await near.useSession("s1", NOW), "from the database");
  clock.advance(INTERVAL_MS);
  await replica.sync();
  assert.equal(await near.credentialOwner("h1", NOW), undefined);
});

Deno.test("Replica: what this server revokes is revoked at once, whatever becomes of the file", async () => {
  await using pair = await openPair(0);
  const { near, primary } = pair;
  await near.insertCredential(credential("c2", "h2"));
  assert.ok(await near.credentialOwner("h2", NOW));
  await near.revokeCredential("alice", "c1", NOW);
  assert.equal(await near.credentialOwner("h1", NOW), undefined);
  primary.failing = true;
  await near.revokeCredential("alice", "c2", NOW);
  assert.equal(await near.credentialOwner("h2", NOW), undefined);
});

Deno.test("Replica: a failed sync keeps serving, and shows until one succeeds", async () => {
  await using pair = await openPair();
  const { near, replica, primary, clock, logger } = pair;
  primary.failing = true;
  clock.advance(INTERVAL_MS);
  await replica.sync();
  assert.ok(await near.credentialOwner("h1", NOW));
  const { failing, ageSecs } = replica.status();
  assert.deepEqual([failing, ageSecs], [true, INTERVAL_MS / 1_000]);
  const [line] = logger.of("auth_backend.sync_failed");
  assert.equal(line?.fields["age_secs"], INTERVAL_MS / 1_000);
  primary.failing = false;
  await replica.sync();
  assert.deepEqual([replica.status().failing, replica.status().ageSecs], [false, 0]);
});

Deno.test("Replica: syncs that are asked for together are one", async () => {
  await using pair = await openPair(0);
  const { replica, primary } = pair;
  const before = primary.asked;
  await Promise.all([replica.sync(), replica.sync(), replica.sync()]);
  assert.equal(primary.asked - before, 1);
});

Deno.test("Replica: with an interval of 0 only own writes are seen", async () => {
  await using pair = await openPair(0);
  const { near, far, clock } = pair;
  await far.revokeCredential("alice", "c1", NOW);
  clock.advance(10 * INTERVAL_MS);
  assert.equal(clock.pending, 0);
  assert.ok(await near.credentialOwner("h1", NOW));
});

Deno.test("Replica: a password is checked at the database", async () => {
  await using pair = await openPair(0);
  const { near, far } = pair;
  await far.replacePassword({ userId: "alice", from: "phc", to: "new" });
  assert.equal(await near.passwordHash("alice"), "new");
});

Deno.test("Replica: the file is its owner's alone, and no other database is taken for one", async () => {
  await using pair = await openPair(0);
  assert.equal(((await Deno.stat(pair.file)).mode ?? 0) & 0o777, 0o600);
  const other = `${pair.file}.other`;
  await Deno.writeTextFile(other, "not ours, but a text that is longer than a page ".repeat(100));
  const { primary, clock, logger } = pair;
  await assert.rejects(
    Replica.open({ path: other, primary, intervalMs: 0, clock, logger }),
    /not a database/,
  );
});
