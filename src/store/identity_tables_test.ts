/** Users, their credentials and grants, and the token of the first set-up. */

import assert from "node:assert/strict";
import { assertDeepEqual } from "../../tests/kit/instants.ts";
import { openTempStore, TempDataDir } from "../../tests/kit/data_dir.ts";
import { CredentialRepository } from "./credentials.ts";
import { GrantRepository, type GrantRow } from "./grants.ts";
import type { Store } from "./open.ts";
import { IdentityTables } from "./identity_tables.ts";
import { SettingsRepository } from "./settings.ts";
import { SetupTokenRepository } from "./setup_token.ts";
import { UserRepository } from "./users.ts";

const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");
const LATER = NOW.add({ seconds: 60 });

const USER = {
  userId: "alice",
  role: "user",
  displayName: "Alice",
  createdAt: NOW,
  passwordHash: null,
  passwordChangeRequired: false,
} as const;

const CREDENTIAL = {
  credentialId: "c1",
  userId: "alice",
  tokenHash: "h1",
  label: null,
  issuedAt: NOW,
} as const;

const GRANT: GrantRow = {
  grantId: "g1",
  userId: "alice",
  client: "edge",
  listen: { start: 1, end: 65535 },
  protocols: ["tcp", "udp"],
  note: "a note",
  createdAt: NOW,
};

/** A store in which alice exists. */
function withAlice(store: Store): void {
  new UserRepository(store).insert(USER);
}

/** A superadmin with an API credential exists too. */
function superadmin(store: Store): void {
  const { users, credentials } = new IdentityTables(store);
  users.insert({ ...USER, userId: "_superadmin", role: "superadmin", displayName: "Root" });
  credentials.insert({
    credentialId: "c0",
    userId: "_superadmin",
    tokenHash: "h0",
    label: "bootstrap",
    issuedAt: NOW,
  });
}

Deno.test("UserRepository keeps a user, and the password's hash apart", () => {
  using it = openTempStore();
  const users = new UserRepository(it.store);
  withAlice(it.store);
  users.insert({
    ...USER,
    userId: "root",
    role: "superadmin",
    passwordHash: "$argon2id$…",
    passwordChangeRequired: true,
  });
  const { passwordHash: _, ...alice } = USER;
  const common = {
    disabled: false,
    hasPassword: false,
    credentialCount: 0,
    email: null,
    totpEnabled: false,
  };
  assertDeepEqual(users.list(), [
    { ...alice, ...common },
    {
      ...alice,
      ...common,
      userId: "root",
      role: "superadmin",
      hasPassword: true,
      passwordChangeRequired: true,
    },
  ]);
  assertDeepEqual(users.get("alice"), { ...alice, ...common });
  assert.equal(users.get("nobody"), undefined);
  assert.equal(users.passwordHash("root"), "$argon2id$…");
  assert.equal(users.passwordHash("alice"), null);
  assert.equal(users.passwordHash("nobody"), null);
  assert.throws(() => users.insert(USER), { name: "StoreError", kind: "conflict" });
});

Deno.test("IdentityTables counts superadmins that are not disabled", () => {
  using it = openTempStore();
  const operators = new IdentityTables(it.store);
  withAlice(it.store);
  assert.equal(operators.users.countEnabledSuperadmins(), 0);
  superadmin(it.store);
  assert.equal(operators.users.countEnabledSuperadmins(), 1);
  it.store.db.run("UPDATE users SET disabled = 1 WHERE user_id = '_superadmin'");
  assert.equal(operators.users.countEnabledSuperadmins(), 0);
  new GrantRepository(it.store).insert(GRANT);
  assert.equal(operators.grants.count(), 1);
  assert.deepEqual([...operators.grants.countsByUser()], [["alice", 1]]);
  assert.equal(operators.users.get("_superadmin")?.credentialCount, 1);
});

Deno.test("CredentialRepository finds the owner of an active credential only", () => {
  using it = openTempStore();
  const credentials = new CredentialRepository(it.store);
  withAlice(it.store);
  credentials.insert(CREDENTIAL);
  credentials.insert({ ...CREDENTIAL, credentialId: "c2", tokenHash: "h2" });
  assert.equal(credentials.revoke("alice", "c2", LATER), true);
  assert.equal(credentials.findActive("h1")?.credentialId, "c1");
  for (const hash of ["h2", "h3", "", "h11"]) {
    assert.equal(credentials.findActive(hash), undefined, hash);
  }
  it.store.db.run("UPDATE users SET disabled = 1");
  assert.equal(credentials.findActive("h1")?.disabled, true);
});

Deno.test("CredentialRepository revokes a credential of that user once", () => {
  using it = openTempStore();
  const credentials = new CredentialRepository(it.store);
  withAlice(it.store);
  credentials.insert({ ...CREDENTIAL, label: "laptop" });
  const lastUsedAt = NOW.add({ seconds: 1 });
  credentials.touch("c1", lastUsedAt);
  assert.equal(credentials.revoke("bob", "c1", LATER), false);
  assert.equal(credentials.revoke("alice", "nothing", LATER), false);
  assert.equal(credentials.revoke("alice", "c1", LATER), true);
  assert.equal(credentials.revoke("alice", "c1", LATER.add({ seconds: 1 })), false);
  assertDeepEqual(credentials.listOf("alice"), [{
    credentialId: "c1",
    userId: "alice",
    label: "laptop",
    status: "revoked",
    issuedAt: NOW,
    revokedAt: LATER,
    lastUsedAt,
  }]);
});

Deno.test("CredentialRepository lists the oldest first", () => {
  using it = openTempStore();
  const credentials = new CredentialRepository(it.store);
  withAlice(it.store);
  credentials.insert({ ...CREDENTIAL, credentialId: "c3", tokenHash: "h3", issuedAt: LATER });
  credentials.insert({ ...CREDENTIAL, credentialId: "c2", tokenHash: "h2" });
  credentials.insert(CREDENTIAL);
  const ids = credentials.listOf("alice").map(({ credentialId }) => credentialId);
  assert.deepEqual(ids, ["c1", "c2", "c3"]);
  assert.deepEqual(credentials.listOf("bob"), []);
});

Deno.test("GrantRepository keeps a grant", () => {
  using it = openTempStore();
  const grants = new GrantRepository(it.store);
  withAlice(it.store);
  const others: GrantRow[] = [
    { ...GRANT, grantId: "g2", client: "*", protocols: ["tcp"], note: null },
    { ...GRANT, grantId: "g3", listen: { start: 80, end: 80 }, protocols: ["udp"] },
  ];
  for (const grant of [...others, GRANT]) grants.insert(grant);
  assertDeepEqual(grants.list(), [GRANT, ...others]);
  assertDeepEqual(grants.listOf("alice"), [GRANT, ...others]);
  assertDeepEqual(grants.get("g2"), others[0]);
  assert.equal(grants.delete("g2"), true);
  assert.equal(grants.delete("g2"), false);
  assert.equal(grants.get("g2"), undefined);
  assert.deepEqual(grants.listOf("bob"), []);
  assert.throws(
    () => grants.insert({ ...GRANT, grantId: "g4", userId: "nobody" }),
    { name: "StoreError", kind: "conflict" },
  );
});

Deno.test("deleting a user takes credentials, grants, sessions, rules and their targets along", () => {
  using it = openTempStore();
  const { db } = it.store;
  withAlice(it.store);
  new UserRepository(it.store).insert({ ...USER, userId: "bob" });
  for (const [n, userId] of ["alice", "bob"].entries()) {
    new CredentialRepository(it.store).insert({
      ...CREDENTIAL,
      userId,
      credentialId: `c${n}`,
      tokenHash: `h${n}`,
    });
    new GrantRepository(it.store).insert({ ...GRANT, userId, grantId: `g${n}` });
    db.exec(
      `INSERT INTO web_sessions (session_hash, user_id, created_at, last_seen_at, absolute_expires_at)
         VALUES ('s${n}', '${userId}', 't', 't', 't');
       INSERT INTO rules (id, listen_port, target_host, target_port, owner_user_id, created_at, updated_at)
         VALUES (${n}, 1, 'h', 1, '${userId}', 't', 't');
       INSERT INTO rule_targets (rule_id, idx, host, port, priority) VALUES (${n}, 0, 'h', 1, 0);
       INSERT INTO audit (ts, user_id, outcome, action, correlation_id)
         VALUES ('t', '${userId}', 'allow', 'a', '');
       INSERT INTO rate_limit_owner (client_id, owner_id, updated_at_unix_ms) VALUES ('c', '${userId}', 0);`,
    );
  }
  assert.equal(db.run("DELETE FROM users WHERE user_id = 'alice'"), 1);
  const count = (table: string) => Number(db.get(`SELECT count(*) AS n FROM ${table}`)?.n);
  for (const table of ["credentials", "grants", "web_sessions", "rules", "rule_targets"]) {
    assert.equal(count(table), 1, table);
  }
  for (const table of ["audit", "rate_limit_owner"]) assert.equal(count(table), 2, table);
});

Deno.test("SetupTokenRepository keeps one token", () => {
  using it = openTempStore();
  const tokens = new SetupTokenRepository(it.store);
  assert.equal(tokens.get(), undefined);
  tokens.rotate({ tokenHash: "a", issuedAt: NOW, expiresAt: LATER });
  const second = { tokenHash: "b", issuedAt: LATER, expiresAt: LATER.add({ hours: 1 }) };
  tokens.rotate(second);
  assertDeepEqual(tokens.get(), second);
  tokens.delete();
  assert.equal(tokens.get(), undefined);
});

Deno.test("SettingsRepository keeps the advertised endpoint; empty means none", () => {
  using dir = new TempDataDir();
  {
    using store = dir.open();
    const settings = new SettingsRepository(store);
    assert.equal(settings.advertisedEndpoint(), null);
    settings.setAdvertisedEndpoint("server:7443");
  }
  using store = dir.open();
  const settings = new SettingsRepository(store);
  assert.equal(settings.advertisedEndpoint(), "server:7443");
  store.db.run("UPDATE server_settings SET advertised_endpoint = ''");
  assert.equal(settings.advertisedEndpoint(), null);
  store.db.run("DELETE FROM server_settings");
  assert.equal(settings.advertisedEndpoint(), null);
  settings.setAdvertisedEndpoint("again:7443");
  assert.equal(settings.advertisedEndpoint(), "again:7443");
  settings.setAdvertisedEndpoint(null);
  assert.equal(settings.advertisedEndpoint(), null);
});
