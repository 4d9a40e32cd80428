/**
 * What `IdentityStore` promises of one-time codes.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { IdentityStore } from "../../src/identity/identity_store.ts";
import { login, NOW, refused, session, type Test, user } from "./identity_samples.ts";

export function testTotp(test: Test): void {
  /** A user whose logins ask for codes after step 10. */
  const enabled = async (store: IdentityStore) => {
    await store.insertUser(user("alice", "phc"));
    await store.setUpTotp("alice", "S");
    assert.equal(await store.confirmTotp("alice", { secret: "S", step: 10 }), true);
  };

  test("a secret for codes counts once it is confirmed, and then stays", async (store) => {
    await store.insertUser(user("alice", "phc"));
    assert.equal(await store.totp("alice"), undefined);
    assert.equal(await store.confirmTotp("alice", { secret: "S", step: 10 }), false);
    await store.setUpTotp("alice", "first");
    await store.setUpTotp("alice", "S");
    assert.deepEqual(await store.totp("alice"), { secret: "S", lastStep: null });
    assert.equal((await store.account("alice"))?.totpEnabled, false);
    await store.insertSession(session("alice", "before"), login("phc"));
    assert.equal(await store.confirmTotp("alice", { secret: "first", step: 10 }), false);
    assert.equal(await store.confirmTotp("alice", { secret: "S", step: 10 }), true);
    assert.equal(await store.confirmTotp("alice", { secret: "S", step: 11 }), false, "once");
    assert.deepEqual(await store.totp("alice"), { secret: "S", lastStep: 10 });
    assert.equal((await store.account("alice"))?.totpEnabled, true);
    await assert.rejects(store.setUpTotp("alice", "T"), refused("totp_already_enabled"));
    await assert.rejects(store.setUpTotp("nobody", "T"), refused("user_not_found"));
    assert.equal(await store.totp("nobody"), undefined);
  });

  test("a session begins with a code that was not used before", async (store) => {
    await enabled(store);
    const refusals = [login("phc"), login("phc", 10), login("phc", 9), login("phc", 11, "other")];
    for (const verified of refusals) {
      await assert.rejects(
        store.insertSession(session("alice", "s"), verified),
        refused("totp_invalid"),
      );
    }
    assert.deepEqual(await store.sessionsOf("alice", NOW), []);
    await store.insertSession(session("alice", "s1"), login("phc", 12));
    await assert.rejects(
      store.insertSession(session("alice", "s2"), login("phc", 11)),
      refused("totp_invalid"),
    );
    assert.equal((await store.totp("alice"))?.lastStep, 12);
  });

  test("of logins with one code at the same time one gets a session", async (store) => {
    await enabled(store);
    const attempts = Array.from(
      { length: 8 },
      (_, i) =>
        store.insertSession(session("alice", `s${i}`), login("phc", 11))
          .then(() => "in", (error) => error.code),
    );
    const outcomes = await Promise.all(attempts);
    assert.equal(outcomes.filter((it) => it === "in").length, 1);
    assert.equal(outcomes.filter((it) => it === "totp_invalid").length, 7);
    assert.equal((await store.sessionsOf("alice", NOW)).length, 1);
  });

  test("a secret is forgotten with a fresh code, or by whoever needs none", async (store) => {
    await enabled(store);
    assert.equal(await store.removeTotp("alice", { secret: "S", step: 10 }), false);
    assert.equal(await store.removeTotp("alice", { secret: "S", step: 11 }), true);
    assert.equal(await store.totp("alice"), undefined);
    assert.equal(await store.removeTotp("alice", null), false);
    await store.setUpTotp("alice", "T");
    assert.equal(await store.removeTotp("alice", null), true);
    await store.insertSession(session("alice", "s1"), login("phc"));
  });
}
