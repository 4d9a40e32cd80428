import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import type { ExportedUser } from "../identity/users_export.ts";
import { UsersExport } from "./users_export.ts";

const ALICE: ExportedUser = {
  userId: "alice",
  displayName: "Alice",
  role: "user",
  disabled: false,
  email: null,
  passwordHash: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA",
};

/** An export into a folder of its own. */
async function open() {
  const dir = await Deno.makeTempDir({ prefix: "portunus-export-" });
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const it = {
    clock,
    logger,
    path: `${dir}/users.yml`,
    users: [ALICE],
    reads: 0,
    blocked: Promise.resolve(),
  };
  const usersExport = new UsersExport({
    path: () => it.path,
    accounts: {
      async exported() {
        it.reads++;
        await it.blocked;
        return it.users;
      },
    },
    domain: () => "example.test",
    clock,
    logger,
  });
  return Object.assign(it, {
    usersExport,
    text: () => Deno.readTextFile(it.path),
    async [Symbol.asyncDispose]() {
      await usersExport[Symbol.asyncDispose]();
      await Deno.remove(dir, { recursive: true });
    },
  });
}

Deno.test("UsersExport writes after a change, for its owner's eyes", async () => {
  await using it = await open();
  await it.usersExport.changed();
  assert.match(await it.text(), /alice:\n/);
  assert.equal((await Deno.stat(it.path)).mode, 0o100600);
  it.users = [ALICE, { ...ALICE, userId: "bob" }];
  await it.usersExport.changed();
  assert.match(await it.text(), /bob:\n/);
  assert.equal(it.usersExport.status()?.lastError, null);
});

Deno.test("UsersExport does many changes at once in two writes, the last one included", async () => {
  await using it = await open();
  const { promise, resolve } = Promise.withResolvers<void>();
  it.blocked = promise;
  const all = Array.from({ length: 10 }, () => it.usersExport.changed());
  it.users = [{ ...ALICE, userId: "zoe" }];
  resolve();
  await Promise.all(all);
  assert.equal(it.reads, 2);
  assert.match(await it.text(), /zoe:\n/);
});

Deno.test("UsersExport tells of a failure, and tries again after a minute", async () => {
  await using it = await open();
  const path = it.path;
  it.path = `${path}/nowhere/users.yml`;
  await it.usersExport.changed();
  assert.ok(it.usersExport.status()?.lastError);
  assert.ok(JSON.stringify(it.logger.lines).includes("users_export.failed"));
  it.usersExport.start();
  await it.usersExport.changed();
  it.path = path;
  it.clock.advance(60_000);
  await it.usersExport.changed();
  assert.match(await it.text(), /alice:\n/);
  assert.equal(it.usersExport.status()?.lastError, null);
});

Deno.test("UsersExport leaves a file alone that is as it should be, and makes one that is gone", async () => {
  await using it = await open();
  await it.usersExport.changed();
  const { mtime } = await Deno.stat(it.path);
  await it.usersExport.changed();
  assert.deepEqual((await Deno.stat(it.path)).mtime, mtime);
  await Deno.remove(it.path);
  await it.usersExport.changed();
  assert.match(await it.text(), /alice:\n/);
});
