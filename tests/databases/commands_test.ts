/**
 * Commands on shared accounts, over every database.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SCHEMA_VERSION } from "../../src/backend/schema.ts";
import { main } from "../../src/server/main.ts";
import { hashSecret } from "../../src/system/secret_hash.ts";
import { TempDataDir } from "../kit/data_dir.ts";
import {
  DATABASE_KINDS,
  databaseConfig,
  type DatabaseKind,
  databaseUrls,
  openEmptyStore,
} from "../kit/databases.ts";
import { FakeIo } from "../kit/fake_io.ts";

const urls = await databaseUrls();
const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");

/** A data directory whose server is to use the database of that kind. */
function directoryOf(kind: DatabaseKind, backend: string): TempDataDir {
  const dir = new TempDataDir();
  Deno.writeTextFileSync(`${dir.path}/server.toml`, `${backend}\nbackend.${kind}.url = "\${DB}"\n`);
  return dir;
}

async function run(dir: TempDataDir, kind: DatabaseKind, ...args: readonly string[]) {
  const io = new FakeIo({ DB: urls[kind], RUST_LOG: "off" });
  const exit = await main([...args, "--data-dir", dir.path], io);
  return { exit, stdout: io.stdout.join("\n"), stderr: io.stderr.join("\n") };
}

/** A superadmin with a token, made while the server had its accounts to itself. */
async function localSuperadmin(dir: TempDataDir): Promise<string> {
  const toml = await Deno.readTextFile(`${dir.path}/server.toml`);
  await Deno.remove(`${dir.path}/server.toml`);
  const io = new FakeIo({ RUST_LOG: "off" });
  assert.equal(await main(["bootstrap-superadmin", "--data-dir", dir.path], io), 0);
  await Deno.writeTextFile(`${dir.path}/server.toml`, toml);
  return /token=(\S+)/.exec(io.stdout.join())?.[1] ?? "";
}

for (const kind of DATABASE_KINDS) {
  Deno.test(`local accounts move to ${kind} once, with their tokens`, async () => {
    await using shared = await openEmptyStore(databaseConfig(kind, urls[kind]));
    using dir = directoryOf(kind, "");
    const token = await localSuperadmin(dir);

    const dry = await run(dir, kind, "backend", "migrate-local", "--dry-run");
    assert.deepEqual(dry, {
      exit: 0,
      stdout: "user_id=_superadmin new credentials=1\nwould_copy users=1 credentials=1",
      stderr: "",
    });
    assert.deepEqual(await shared.store.accounts(), []);

    const copied = await run(dir, kind, "backend", "migrate-local");
    assert.equal(
      copied.stdout,
      "user_id=_superadmin new credentials=1\ncopied users=1 credentials=1",
    );
    const owner = await shared.store.credentialOwner(hashSecret(token), NOW);
    assert.equal(owner?.userId, "_superadmin");

    const again = await run(dir, kind, "backend", "migrate-local");
    assert.equal(
      again.stdout,
      "user_id=_superadmin present credentials=0\ncopied users=0 credentials=0",
    );
    const status = await run(dir, kind, "backend", "status");
    assert.equal(
      status.stdout,
      `backend=${kind}\nschema=${SCHEMA_VERSION}\nusers=1\nsuperadmins=1`,
    );
    const late = await run(dir, kind, "bootstrap-superadmin");
    assert.deepEqual([late.exit, late.stdout], [2, ""]);
    assert.match(late.stderr, /^error: already_bootstrapped \(/);
  });
}

Deno.test("another account of the same name is refused by name, and nothing is copied", async () => {
  await using shared = await openEmptyStore(databaseConfig("postgres", urls.postgres));
  await shared.store.insertUser({
    userId: "_superadmin",
    role: "superadmin",
    displayName: "Somebody else",
    createdAt: NOW,
    passwordHash: null,
    passwordChangeRequired: false,
  });
  using dir = directoryOf("postgres", "");
  await localSuperadmin(dir);
  assert.deepEqual(await run(dir, "postgres", "backend", "migrate-local"), {
    exit: 2,
    stdout: "",
    stderr: "error: user_already_exists: other accounts of these names: _superadmin",
  });
  assert.deepEqual(await shared.store.credentialsOf("_superadmin"), []);
});

Deno.test("no more accounts are copied than there may be", async () => {
  await using _shared = await openEmptyStore(databaseConfig("postgres", urls.postgres));
  using dir = directoryOf("postgres", "backend.maxUsers = 0");
  await localSuperadmin(dir);
  const { exit, stderr } = await run(dir, "postgres", "backend", "migrate-local");
  assert.deepEqual([exit, stderr], [1, "error: too_many_users: there may be 0"]);
});

Deno.test("a backup says that shared accounts are not in it", async () => {
  using dir = directoryOf("postgres", "");
  await localSuperadmin(dir);
  const { exit, stderr } = await run(dir, "postgres", "backup", "--out", `${dir.path}/copy.db`);
  assert.equal(exit, 0);
  assert.equal(
    stderr,
    "note: shared accounts are in the postgres database; this is about state.db alone",
  );
});
