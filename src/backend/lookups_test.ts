import assert from "node:assert/strict";
import { SHARED_IDENTITY } from "../core/limits.ts";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import type { Columns } from "../store/database.ts";
import { Lookups, type RowSource } from "./lookups.ts";
import type { SqlParameter } from "./sql.ts";

const QUERY = { sql: "SELECT k FROM t WHERE k IN (?) AND ok", key: "k" };

interface Asked {
  readonly sql: string;
  readonly keys: readonly SqlParameter[];
  /** Answers with a row for each key but those that begin with `no`. */
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

/** A database that answers when the test wants. */
class SlowSource implements RowSource {
  readonly asked: Asked[] = [];

  read(sql: string, ...keys: readonly SqlParameter[]): Promise<readonly Columns[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Columns[]>();
    const rows = [...new Set(keys)].filter((k) => !String(k).startsWith("no")).map((k) => ({ k }));
    this.asked.push({ sql, keys, answer: () => resolve(rows), fail: reject });
    return promise;
  }

  /** The query of that number, which must have been asked. */
  query(i: number): Asked {
    const asked = this.asked[i];
    assert.ok(asked, `no query ${i}`);
    return asked;
  }

  /** The same, once it is asked. */
  async nextQuery(i: number): Promise<Asked> {
    while (this.asked.length <= i) await Promise.resolve();
    return this.query(i);
  }
}

function setUp() {
  const [source, clock] = [new SlowSource(), new FakeClock()];
  return { source, clock, lookups: new Lookups(QUERY, source, clock) };
}

/** As many queries as may be under way, for keys of no interest. */
function fill(lookups: Lookups): Promise<unknown>[] {
  return Array.from({ length: SHARED_IDENTITY.lookupsMax }, (_, i) => lookups.find(`first${i}`));
}

Deno.test("Lookups asks at once, and for one key, when nothing is under way", async () => {
  const { source, lookups } = setUp();
  const found = lookups.find("a");
  assert.deepEqual(source.query(0).keys, ["a"]);
  source.query(0).answer();
  assert.deepEqual(await found, { k: "a" });
});

Deno.test("Lookups asks once for all who come while queries are under way", async () => {
  const { source, lookups } = setUp();
  const first = fill(lookups);
  const later = ["a", "b", "no", "a"].map((key) => lookups.find(key));
  assert.equal(source.asked.length, SHARED_IDENTITY.lookupsMax);
  for (const { answer } of [...source.asked]) answer();
  await Promise.all(first);
  const { sql, keys, answer } = await source.nextQuery(SHARED_IDENTITY.lookupsMax);
  // Three keys; four, so that there are few statements to prepare.
  assert.equal(sql, "SELECT k FROM t WHERE k IN (?, ?, ?, ?) AND ok");
  assert.deepEqual(keys, ["a", "b", "no", "a"]);
  answer();
  assert.deepEqual(await Promise.all(later), [{ k: "a" }, { k: "b" }, undefined, { k: "a" }]);
});

Deno.test("Lookups never answers from a query that was under way before", async () => {
  const { source, lookups } = setUp();
  void Promise.all(fill(lookups).map((it) => it.catch(() => undefined)));
  const same = lookups.find("first0");
  let answered = false;
  void same.then(() => answered = true);
  source.query(0).answer();
  const next = await source.nextQuery(SHARED_IDENTITY.lookupsMax);
  assert.equal(answered, false);
  next.answer();
  assert.deepEqual(await same, { k: "first0" });
});

Deno.test("Lookups shares at most so many keys, and a failure", async () => {
  const { source, lookups } = setUp();
  const first = fill(lookups);
  const later = Array.from(
    { length: SHARED_IDENTITY.lookupKeysMax + 1 },
    (_, i) => lookups.find(`k${i}`),
  );
  const ends = Promise.allSettled(later);
  for (const { answer } of [...source.asked]) answer();
  await Promise.all(first);
  const full = await source.nextQuery(SHARED_IDENTITY.lookupsMax);
  const rest = await source.nextQuery(SHARED_IDENTITY.lookupsMax + 1);
  assert.equal(full.keys.length, SHARED_IDENTITY.lookupKeysMax);
  assert.equal(rest.keys.length, 1);
  full.fail(new Error("away"));
  rest.answer();
  assert.deepEqual(
    [...new Set((await ends).map(({ status }, i) => `${i < 32 ? "full" : "rest"} ${status}`))],
    ["full rejected", "rest fulfilled"],
  );
});

Deno.test("Lookups waits for no query that is slow", async () => {
  const { source, clock, lookups } = setUp();
  const stuck = fill(lookups);
  const later = lookups.find("later");
  clock.advance(SHARED_IDENTITY.lookupSlowMs);
  (await source.nextQuery(SHARED_IDENTITY.lookupsMax)).answer();
  assert.deepEqual(await later, { k: "later" });
  for (const { answer } of source.asked) answer();
  await Promise.all(stuck);
  assert.equal(clock.pending, 0);
});
