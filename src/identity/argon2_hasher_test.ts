import assert from "node:assert/strict";
import { isError } from "../../tests/kit/rule_fixture.ts";
import { PASSWORD } from "../core/limits.ts";
import { systemRandom } from "../system/random.ts";
import { Argon2Hasher } from "./argon2_hasher.ts";

/** A vector of the reference implementation, with a cost of its own. */
const FOREIGN = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" +
  "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

Deno.test("Argon2Hasher makes PHC strings of the fixed cost that it verifies", async () => {
  using hasher = new Argon2Hasher(systemRandom);
  const phc = await hasher.hash("correct horse ☂");
  assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.equal(await hasher.verify("correct horse ☂", phc), true);
  assert.equal(await hasher.verify("correct horse", phc), false);
  assert.notEqual(await hasher.hash("correct horse ☂"), phc, "salted");
});

Deno.test("Argon2Hasher verifies with the parameters of the stored hash", async () => {
  using hasher = new Argon2Hasher(systemRandom);
  assert.equal(await hasher.verify("password", FOREIGN), true);
  assert.equal(await hasher.verify("passwort", FOREIGN), false);
});

Deno.test("Argon2Hasher never matches without a hash, or with a password nobody can have", async () => {
  using hasher = new Argon2Hasher(systemRandom);
  for (const password of ["x", "", "p".repeat(PASSWORD.maxBytes + 1)]) {
    assert.equal(await hasher.verify(password, null), false);
    assert.equal(await hasher.verify(password, FOREIGN), false);
  }
  assert.equal(await hasher.verify("", await hasher.hash("x")), false, "not its stand-in");
});

Deno.test("Argon2Hasher takes as long for a user who is not there", async () => {
  using hasher = new Argon2Hasher(systemRandom);
  const phc = await hasher.hash("x");
  const took = { known: [] as number[], unknown: [] as number[] };
  // One after the other in turn: what else the machine does is shared by both.
  for (let i = 0; i < 15; i++) {
    for (const [who, stored] of [["known", phc], ["unknown", null]] as const) {
      const started = performance.now();
      await hasher.verify("wrong", stored);
      took[who].push(performance.now() - started);
    }
  }
  const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;
  const ratio = median(took.unknown) / median(took.known);
  assert.ok(ratio > 0.5 && ratio < 2, `${ratio}`);
});

Deno.test("Argon2Hasher says so when a stored hash cannot be read, and goes on", async () => {
  using hasher = new Argon2Hasher(systemRandom);
  await assert.rejects(hasher.verify("x", "$2y$10$no"), isError("password_hash_failed"));
  assert.equal(await hasher.verify("password", FOREIGN), true);
});

Deno.test("Argon2Hasher refuses more than its queue holds, and fails who waits when it ends", async () => {
  const hasher = new Argon2Hasher(systemRandom);
  const waiting = Array.from(
    { length: PASSWORD.waitingMax },
    () => hasher.verify("password", FOREIGN),
  );
  await assert.rejects(hasher.hash("one more"), isError("rate_limited"));
  const failed = waiting.map((it) => assert.rejects(it, isError("password_hash_failed")));
  hasher[Symbol.dispose]();
  await Promise.all(failed);
  await assert.rejects(hasher.hash("too late"), isError("password_hash_failed"));
});
