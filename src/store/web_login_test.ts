/** Sessions of the Web UI, and failed attempts to log in. */

import assert from "node:assert/strict";
import { assertDeepEqual } from "../../tests/kit/instants.ts";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import { IdentityTables } from "./identity_tables.ts";
import type { AttemptKey } from "./login_attempts.ts";

const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");
const at = (hours: number) => NOW.add({ hours });

function withAlice() {
  const temporary = openTempStore();
  const identity = new IdentityTables(temporary.store);
  identity.users.insert({
    userId: "alice",
    role: "user",
    displayName: "Alice",
    createdAt: NOW,
    passwordHash: null,
    passwordChangeRequired: true,
  });
  return { ...identity, [Symbol.dispose]: () => temporary[Symbol.dispose]() };
}

const session = (sessionHash: string, createdAt = NOW) => ({
  sessionHash,
  userId: "alice",
  createdAt,
  absoluteExpiresAt: createdAt.add({ hours: 100 }),
  remoteAddr: "::1",
  userAgent: "browser",
});

Deno.test("WebSessionRepository keeps a session with what its user may do now", () => {
  using it = withAlice();
  it.sessions.insert(session("s1"));
  it.sessions.touch("s1", at(1));
  assertDeepEqual(it.sessions.find("s1"), {
    userId: "alice",
    role: "user",
    disabled: false,
    passwordChangeRequired: true,
    lastSeenAt: at(1),
    absoluteExpiresAt: at(100),
    revokedAt: null,
  });
  assert.equal(it.sessions.find("s2"), undefined);
});

Deno.test("WebSessionRepository remembers when a session was revoked first", () => {
  using it = withAlice();
  for (const hash of ["s1", "s2", "s3"]) it.sessions.insert(session(hash));
  it.sessions.revoke("s1", at(1));
  it.sessions.revoke("s1", at(2));
  assert.equal(it.sessions.revokeAllOf("alice", at(3)), 2);
  assert.equal(it.sessions.revokeAllOf("bob", at(3)), 0);
  const revoked = ["s1", "s2", "s3"].map((hash) => `${it.sessions.find(hash)?.revokedAt}`);
  assert.deepEqual(revoked, [1, 3, 3].map((hours) => `${at(hours)}`));
});

Deno.test("WebSessionRepository.sweep() deletes what is revoked, over or idle, and nothing else", () => {
  using it = withAlice();
  for (const hash of ["good", "revoked", "idle"]) it.sessions.insert(session(hash));
  it.sessions.insert(session("over", at(-200)));
  it.sessions.revoke("revoked", at(1));
  for (const hash of ["good", "over"]) it.sessions.touch(hash, at(10));
  assert.equal(it.sessions.sweep(at(12), at(4)), 3);
  assert.ok(it.sessions.find("good"));
});

Deno.test("LoginAttemptRepository keeps one record for each subject, address and action", () => {
  using it = withAlice();
  const key: AttemptKey = { subject: "alice", remoteAddr: "::1", action: "login" };
  const failures = { count: 2, firstAt: NOW, lastAt: at(1), lockedUntil: null };
  it.attempts.put(key, { ...failures, count: 1 });
  it.attempts.put(key, failures);
  assertDeepEqual(it.attempts.get(key), failures);
  for (
    const other of [
      { ...key, subject: "bob" },
      { ...key, remoteAddr: "::2" },
      { ...key, action: "password_reset" } as const,
    ]
  ) {
    assert.equal(it.attempts.get(other), undefined);
    it.attempts.delete(other);
  }
  assertDeepEqual(it.attempts.get(key), failures);
  it.attempts.delete(key);
  assert.equal(it.attempts.get(key), undefined);
});

Deno.test("LoginAttemptRepository.sweep() keeps what is recent and what is locked", () => {
  using it = withAlice();
  const key = (subject: string): AttemptKey => ({ subject, remoteAddr: "::1", action: "login" });
  const old = { count: 5, firstAt: NOW, lastAt: NOW };
  it.attempts.put(key("old"), { ...old, lockedUntil: null });
  it.attempts.put(key("freed"), { ...old, lockedUntil: at(5) });
  it.attempts.put(key("locked"), { ...old, lockedUntil: at(6) });
  it.attempts.put(key("recent"), { ...old, lastAt: at(5), lockedUntil: null });
  assert.equal(it.attempts.sweep(at(5), at(4)), 2);
  assert.ok(it.attempts.get(key("locked")) && it.attempts.get(key("recent")));
});
