import assert from "node:assert/strict";
import { argon2id, argon2Verify } from "hash-wasm";
import { parse } from "yaml";
import { type ExportedUser, usersYaml } from "./users_export.ts";

interface Entry {
  readonly displayname: string;
  readonly password: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
}

const user = (userId: string, change: Partial<ExportedUser> = {}): ExportedUser => ({
  userId,
  displayName: userId,
  role: "user",
  disabled: false,
  email: null,
  passwordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA",
  ...change,
});

const read = async (users: readonly ExportedUser[], domain: string | null = "example.test") =>
  (parse(await usersYaml(users, domain), { version: "1.1" }) as { users: Record<string, Entry> })
    .users;

Deno.test("usersYaml() writes accounts as Authelia reads them, with the hash as it is", async () => {
  const passwordHash = await argon2id({
    password: "correct horse battery",
    salt: crypto.getRandomValues(new Uint8Array(16)),
    parallelism: 1,
    iterations: 2,
    memorySize: 64,
    hashLength: 32,
    outputType: "encoded",
  });
  const users = await read([
    user("root", { role: "superadmin", displayName: "The Root: #1", passwordHash }),
    user("alice", { email: "alice@mail.test", disabled: true }),
    user("_legacy", { passwordHash: null }),
  ]);
  assert.deepEqual(Object.keys(users), ["root", "alice"], "no account without a password");
  const { password = "", ...root } = users["root"] ?? assert.fail();
  assert.deepEqual(root, {
    displayname: "The Root: #1",
    email: "root@example.test",
    groups: ["admins"],
    disabled: false,
  });
  assert.match(password, /^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[\w+/]+\$[\w+/]+$/);
  assert.ok(await argon2Verify({ password: "correct horse battery", hash: password }));
  const { email, groups, disabled } = users["alice"] ?? assert.fail();
  assert.deepEqual([email, groups, disabled], ["alice@mail.test", ["users"], true]);
});

Deno.test("usersYaml() keeps names and texts that YAML takes for something else", async () => {
  const ids = ["null", "true", "yes", "no", "on", "n", "y", "off", "false", "e1"];
  const names = [
    "",
    "~",
    "- a",
    "a: b",
    "'",
    '"',
    "\u2028",
    "123",
    "0x1f",
    "{}",
    "*a",
    "x".repeat(500),
  ];
  const users = await read([
    ...ids.map((id) => user(id)),
    ...names.map((displayName, i) => user(`name${i}`, { displayName })),
  ], null);
  assert.deepEqual(Object.keys(users).slice(0, ids.length), ids);
  assert.equal(users["yes"]?.email, "yes@localhost");
  assert.deepEqual(names.map((_, i) => users[`name${i}`]?.displayname), names);
});

Deno.test("usersYaml() of nobody is an empty map", async () => {
  assert.deepEqual(await read([]), {});
});
