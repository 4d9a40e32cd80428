/**
 * The contract of `IdentityStore`, for every place accounts can live in.
 *
 * @module
 */

import assert from "node:assert/strict";
import { AccessError } from "../../src/core/errors.ts";
import { THROTTLE, WEB_SESSION } from "../../src/core/limits.ts";
import type { IdentityStore } from "../../src/identity/identity_store.ts";
import {
  credential,
  login,
  NOTHING,
  NOW,
  refused,
  root,
  session,
  type Test,
  user,
} from "./identity_samples.ts";
import { assertDeepEqual } from "./instants.ts";
import { testTotp } from "./totp_store_contract.ts";

/** An empty store of accounts; disposing takes it away. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: IdentityStore;
}

/** Tests every promise of the interface on stores that `open` opens. */
export function testIdentityStore(name: string, open: () => Promise<OpenedStore>): void {
  const test: Test = (what, run) =>
    Deno.test(`identity store [${name}] ${what}`, async () => {
      await using opened = await open();
      await run(opened.store);
    });
  const parts = [
    testFirstAndLast,
    testEntering,
    testUsers,
    testCredentials,
    testSessions,
    testTotp,
  ];
  for (const part of parts) part(test);
}

function testFirstAndLast(test: Test): void {
  test("the first superadmin is entered once, whoever else tries", async (store) => {
    const attempts = ["a", "b", "c"].map((hash) =>
      store.insertFirstSuperadmin(root(hash), NOTHING).then(() => "in", (error) => error.code)
    );
    assert.deepEqual((await Promise.all(attempts)).sort(), [
      "already_bootstrapped",
      "already_bootstrapped",
      "in",
    ]);
    assert.equal(await store.enabledSuperadmins(), 1);
    assert.equal((await store.credentialsOf("root")).length, 1);
  });

  test("the server's own part of a write is done with it, and not without", async (store) => {
    let done = 0;
    const part = () => void done++;
    await store.insertFirstSuperadmin(root(), part);
    assert.equal(done, 1);
    await assert.rejects(
      store.insertFirstSuperadmin(root(), part),
      refused("already_bootstrapped"),
    );
    await assert.rejects(store.removeUser("root", part), refused("last_superadmin"));
    assert.equal(done, 1);
    await store.insertUser(user("alice"));
    await store.removeUser("alice", part);
    assert.equal(done, 2);
  });

  test("ids are told apart by case, and by spaces at their end", async (store) => {
    await store.insertUser(user("alice"));
    for (const id of ["ALICE", "alice ", " alice"]) {
      assert.equal(await store.account(id), undefined, `'${id}'`);
    }
  });

  test("the last enabled superadmin stays; others go with all they have", async (store) => {
    await store.insertFirstSuperadmin(root(), NOTHING);
    await store.insertUser(user("alice", "phc"));
    await store.insertCredential(credential("alice", "c1", "h1"));
    await store.insertSession(session("alice", "s1"), login("phc"));
    await assert.rejects(store.removeUser("root", NOTHING), refused("last_superadmin"));
    await assert.rejects(store.removeUser("nobody", NOTHING), refused("user_not_found"));
    let ran = 0;
    assert.deepEqual(await store.removeUser("alice", () => void ran++), ["c1"]);
    assert.equal(ran, 1);
    assert.equal(await store.account("alice"), undefined);
    assert.equal(await store.credentialOwner("h1", NOW), undefined);
    assert.equal(await store.useSession("s1", NOW), undefined);
  });

  test("one enabled superadmin is always left", async (store) => {
    await store.insertFirstSuperadmin(root(), NOTHING);
    for (const change of [{ disabled: true }, { role: "user" }] as const) {
      await assert.rejects(store.updateUser("root", change, NOW), refused("last_superadmin"));
    }
    await store.insertUser({ ...user("other"), role: "superadmin" });
    await store.updateUser("root", { role: "user" }, NOW);
    assert.equal(await store.enabledSuperadmins(), 1);
  });
}

function testEntering(test: Test): void {
  test("users are entered once and listed by id, their hashes apart", async (store) => {
    await store.insertUser(user("bob", "phc-bob"));
    await store.insertUser(user("alice"));
    await assert.rejects(store.insertUser(user("bob")), refused("user_already_exists"));
    const { passwordHash: _, ...alice } = user("alice");
    assertDeepEqual(await store.account("alice"), {
      ...alice,
      disabled: false,
      hasPassword: false,
      credentialCount: 0,
      email: null,
      totpEnabled: false,
    });
    await store.insertUser({ ...user("carol"), email: "carol@example.test" });
    assert.equal((await store.account("carol"))?.email, "carol@example.test");
    assert.deepEqual((await store.accounts()).map((it) => [it.userId, it.hasPassword]), [
      ["alice", false],
      ["bob", true],
      ["carol", false],
    ]);
    assert.equal(await store.passwordHash("bob"), "phc-bob");
    assert.equal(await store.passwordHash("nobody"), null);
  });

  test("a user is not entered when the server's own part fails", async (store) => {
    const failing = () => {
      throw new AccessError("invitation_used");
    };
    await assert.rejects(store.insertUser(user("alice"), failing), refused("invitation_used"));
    assert.equal(await store.account("alice"), undefined);
    let ran = 0;
    await store.insertUser(user("alice"), () => void ran++);
    assert.equal(ran, 1);
  });
}

function testUsers(test: Test): void {
  test("a password is replaced only while it is the one that was verified", async (store) => {
    await store.insertUser({ ...user("alice", "old"), passwordChangeRequired: true });
    assert.equal(
      await store.replacePassword({ userId: "alice", from: "older", to: "x" }),
      false,
    );
    assert.equal(await store.replacePassword({ userId: "alice", from: "old", to: "new" }), true);
    assert.equal(await store.passwordHash("alice"), "new");
    assert.equal((await store.account("alice"))?.passwordChangeRequired, false);
  });

  test("overriding a password ends sessions, and credentials unless kept", async (store) => {
    await store.insertUser(user("alice", "old"));
    await store.insertCredential(credential("alice", "c1", "h1"));
    await store.insertSession(session("alice", "s1"), login("old"));
    const override = { userId: "alice", hash: "new", changeRequired: true, now: NOW };
    assert.deepEqual(await store.overridePassword({ ...override, keepCredentials: true }), {
      sessions: 1,
      credentials: 0,
    });
    assert.equal(await store.useSession("s1", NOW), undefined);
    assert.deepEqual(await store.overridePassword({ ...override, keepCredentials: false }), {
      sessions: 0,
      credentials: 1,
    });
    assert.equal(await store.credentialOwner("h1", NOW), undefined);
    await assert.rejects(
      store.overridePassword({ ...override, userId: "nobody", keepCredentials: true }),
      refused("user_not_found"),
    );
  });

  test("a changed user keeps the rest; sessions end with the user's access", async (store) => {
    await store.insertUser(user("alice", "phc"));
    await store.insertSession(session("alice", "s1"), login("phc"));
    await store.updateUser("alice", { displayName: "Alice L." }, NOW);
    const renamed = await store.account("alice");
    assert.deepEqual([renamed?.displayName, renamed?.role, renamed?.disabled], [
      "Alice L.",
      "user",
      false,
    ]);
    assert.deepEqual((await store.sessionsOf("alice", NOW)).map((it) => it.sessionHash), ["s1"]);
    await store.updateUser("alice", { disabled: true }, NOW);
    await store.updateUser("alice", { disabled: false }, NOW);
    assert.deepEqual(await store.sessionsOf("alice", NOW), []);
    await assert.rejects(store.updateUser("nobody", {}, NOW), refused("user_not_found"));
  });
}

function testCredentials(test: Test): void {
  test("a credential counts as used when its owner is looked up", async (store) => {
    await store.insertUser(user("alice"));
    await assert.rejects(
      store.insertCredential(credential("nobody", "c0", "h0")),
      refused("user_not_found"),
    );
    await store.insertCredential(credential("alice", "c1", "h1"));
    assert.deepEqual(await store.credentialOwner("h1", NOW), {
      credentialId: "c1",
      userId: "alice",
      role: "user",
      disabled: false,
    });
    assert.equal(await store.credentialOwner("h2", NOW), undefined);
    assert.equal(`${(await store.credentialsOf("alice"))[0]?.lastUsedAt}`, `${NOW}`);
  });

  test("of a replaced credential only the label lives on", async (store) => {
    await store.insertUser(user("alice"));
    await store.insertCredential({ ...credential("alice", "c1", "h1"), label: "laptop" });
    const next = { credentialId: "c2", userId: "alice", tokenHash: "h2", issuedAt: NOW };
    assert.equal(
      await store.replaceCredential({ ...next, replaces: "c1", label: null }),
      "laptop",
    );
    assert.equal(await store.credentialOwner("h1", NOW), undefined);
    assert.equal((await store.credentialOwner("h2", NOW))?.credentialId, "c2");
    await assert.rejects(
      store.replaceCredential({
        ...next,
        credentialId: "c3",
        tokenHash: "h3",
        replaces: "c1",
        label: null,
      }),
      refused("credential_not_found"),
    );
    assert.equal((await store.credentialsOf("alice")).length, 2);
  });

  test("the only way in for the only superadmin cannot be revoked", async (store) => {
    await store.insertFirstSuperadmin(root("h1"), NOTHING);
    await assert.rejects(
      store.revokeCredential("root", "c-root", NOW),
      refused("last_superadmin"),
    );
    await store.insertCredential(credential("root", "c2", "h2"));
    await store.revokeCredential("root", "c-root", NOW);
    await assert.rejects(
      store.revokeCredential("root", "c-root", NOW),
      refused("credential_not_found"),
    );
    await assert.rejects(store.revokeCredential("root", "c2", NOW), refused("last_superadmin"));
  });
}

function testSessions(test: Test): void {
  test("a session begins only with the password that was verified", async (store) => {
    await store.insertUser({ ...user("alice", "phc"), passwordChangeRequired: true });
    await assert.rejects(
      store.insertSession(session("alice", "s1"), login("old")),
      refused("invalid_login"),
    );
    await assert.rejects(
      store.insertSession(session("nobody", "s1"), login("phc")),
      refused("invalid_login"),
    );
    assert.deepEqual(await store.insertSession(session("alice", "s1"), login("phc")), {
      passwordChangeRequired: true,
    });
    const used = await store.useSession("s1", NOW.add({ seconds: 60 }));
    assert.deepEqual([used?.userId, used?.role, used?.disabled], ["alice", "user", false]);
  });

  test("a session ends by hand, by idling and by age", async (store) => {
    await store.insertUser(user("alice", "phc"));
    for (const hash of ["by hand", "idle", "used"]) {
      await store.insertSession(session("alice", hash), login("phc"));
    }
    await store.endSession("by hand", NOW);
    assert.equal(await store.useSession("by hand", NOW), undefined);
    const later = NOW.add({ seconds: WEB_SESSION.idleSecs });
    assert.ok(await store.useSession("used", later));
    const tooLate = later.add({ seconds: 1 });
    assert.equal(await store.useSession("idle", tooLate), undefined);
    assert.ok(await store.useSession("used", tooLate), "use keeps it");
    let now = tooLate;
    while (Temporal.Instant.compare(now, NOW.add({ seconds: WEB_SESSION.absoluteSecs })) < 0) {
      assert.ok(await store.useSession("used", now));
      now = now.add({ seconds: WEB_SESSION.idleSecs });
    }
    assert.equal(await store.useSession("used", now), undefined, "but not for ever");
  });

  test("failed attempts lock their key, and no other", async (store) => {
    const key = { subject: "alice", remoteAddr: "192.0.2.1", action: "login" } as const;
    for (let i = 0; i < THROTTLE.failuresMax; i++) await store.countAttempt(key, NOW);
    await assert.rejects(store.countAttempt(key, NOW), refused("rate_limited"));
    await store.countAttempt({ ...key, remoteAddr: "192.0.2.2" }, NOW);
    await store.countAttempt({ ...key, action: "password_reset" }, NOW);
    await store.forgetAttempts(key);
    await store.countAttempt(key, NOW);
  });
}
