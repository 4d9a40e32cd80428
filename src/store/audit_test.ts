import assert from "node:assert/strict";
import fc from "fast-check";
import { assertDeepEqual } from "../../tests/kit/instants.ts";
import { openTempStore, type TempStore } from "../../tests/kit/data_dir.ts";
import { type AuditEntry, type AuditPage, type AuditQuery, AuditRepository } from "./audit.ts";
import { StoreError } from "./database.ts";

const instant = (text: string) => Temporal.Instant.from(text);

const DENIED: AuditEntry = {
  timestamp: instant("2026-05-07T10:00:00.123Z"),
  actor: "alice",
  role: "user",
  outcome: "deny",
  action: "POST /v1/rules",
  reason: "csrf_header_required",
  resourceKind: null,
  resourceValue: null,
  details: {},
};

const EVENT: AuditEntry = {
  timestamp: instant("2026-05-07T10:00:01Z"),
  actor: "_local_cli",
  role: "superadmin",
  outcome: "allow",
  action: "operator.password_reset",
  reason: null,
  resourceKind: "user",
  resourceValue: "alice",
  details: {
    temporary_password_generated: true,
    sessions_revoked: 2n ** 60n,
    source: "local_cli",
    password_change_required: false,
  },
};

const EVERYTHING: AuditQuery = {
  limit: 1_000,
  outcome: null,
  since: null,
  until: null,
  before: null,
};

const repositoryOf = ({ store, clock }: TempStore) => new AuditRepository(store, clock);

/** `count` entries a second apart, every third denied; the action tells the number. */
function fill(audit: AuditRepository, count: number): void {
  audit.insert(Array.from({ length: count }, (_, n) => ({
    ...DENIED,
    timestamp: instant("2026-01-01T00:00:00Z").add({ seconds: n }),
    outcome: n % 3 === 0 ? "deny" : "allow",
    action: `POST /${n}`,
  })));
}

const numbers = (entries: readonly AuditEntry[]) =>
  entries.map(({ action }) => Number(action.slice("POST /".length)));

Deno.test("AuditRepository.insert() writes the columns exactly as 3.1.0 does", () => {
  using temp = openTempStore();
  repositoryOf(temp).insert([DENIED, { ...EVENT, actor: "" }]);
  assert.deepEqual(temp.store.db.all("SELECT * FROM audit ORDER BY seq").map((it) => ({ ...it })), [
    {
      seq: 1n,
      ts: "2026-05-07T10:00:00.123+00:00",
      user_id: "alice",
      outcome: "deny",
      action: "POST /v1/rules",
      resource_kind: null,
      resource_value: null,
      correlation_id: "",
      details_json: `{"reason":"csrf_header_required","role":"user"}`,
    },
    {
      seq: 2n,
      ts: "2026-05-07T10:00:01+00:00",
      user_id: null,
      outcome: "allow",
      action: "operator.password_reset",
      resource_kind: "user",
      resource_value: "alice",
      correlation_id: "",
      details_json: `{"password_change_required":false,"reason":null,"role":"superadmin",` +
        `"sessions_revoked":1152921504606846976,"source":"local_cli",` +
        `"temporary_password_generated":true}`,
    },
  ]);
});

Deno.test("AuditRepository reads back what it was given", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  audit.insert([DENIED, EVENT, { ...DENIED, actor: "", role: null }]);
  assertDeepEqual(audit.page(EVERYTHING).entries, [
    EVENT,
    { ...DENIED, actor: "", role: null },
    DENIED,
  ]);
});

Deno.test("AuditRepository reads back any entry, and writes it the same again", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  const text = fc.string({ unit: "grapheme" });
  const details = fc.dictionary(
    text.filter((key) => !["role", "reason", "__proto__"].includes(key)),
    fc.oneof(text, fc.boolean(), fc.integer(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n })),
  );
  fc.assert(fc.property(text, text, details, (actor, resourceValue, extra) => {
    const entry = { ...EVENT, actor, resourceValue, details: { ...extra } };
    audit.insert([entry]);
    const [read] = audit.page({ ...EVERYTHING, limit: 1 }).entries;
    assertDeepEqual(read, entry);
    audit.insert([read ?? EVENT]);
    const [again, first] = temp.store.db.all(
      "SELECT details_json, action, user_id FROM audit ORDER BY seq DESC LIMIT 2",
    );
    assert.deepEqual({ ...again }, { ...first });
  }));
});

Deno.test("AuditRepository.insert() enters all entries or none", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  const wrong = { ...DENIED, outcome: "perhaps" as "allow" };
  assert.throws(() => audit.insert([DENIED, wrong]), StoreError);
  assert.deepEqual(audit.page(EVERYTHING).entries, []);
});

Deno.test("AuditRepository.page() shows rows that say odd things as far as they go", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  for (const details of ["", "[]", "1.0", `{"role":"emperor","reason":7,"kept":1.0}`]) {
    temp.store.db.run(
      `INSERT INTO audit (ts, user_id, outcome, action, correlation_id, details_json)
       VALUES ('yesterday', NULL, 'allow', 'x', '', ?)`,
      details,
    );
  }
  const { entries } = audit.page(EVERYTHING);
  assert.equal(entries.length, 4);
  for (const { timestamp, role, reason } of entries) {
    assert.deepEqual([timestamp.epochMilliseconds, role, reason], [temp.clock.now(), null, null]);
  }
  assert.deepEqual(entries.map(({ details }) => Object.keys(details)), [["kept"], [], [], []]);
});

Deno.test("AuditRepository.page() orders by time, then by number, latest first", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  const times = ["10:00:00Z", "10:00:00.5Z", "09:00:00Z", "10:00:00.5Z", "10:00:00.499999999Z"];
  audit.insert(times.map((time, n) => ({
    ...DENIED,
    timestamp: instant(`2026-05-07T${time}`),
    action: `POST /${n}`,
  })));
  assert.deepEqual(numbers(audit.page(EVERYTHING).entries), [3, 1, 4, 0, 2]);
});

Deno.test("AuditRepository.page() restricts by outcome and time, both ends included", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  fill(audit, 9);
  const at = (seconds: number) => instant("2026-01-01T00:00:00Z").add({ seconds });
  const cases: [query: Partial<AuditQuery>, numbers: number[]][] = [
    [{ outcome: "deny" }, [6, 3, 0]],
    [{ since: at(6) }, [8, 7, 6]],
    [{ until: at(2) }, [2, 1, 0]],
    [{ since: at(2), until: at(5), outcome: "allow" }, [5, 4, 2]],
    [{ since: at(2).add({ nanoseconds: 1 }), until: at(4).subtract({ nanoseconds: 1 }) }, [3]],
    [{ before: 3n }, [1, 0]],
    [{ since: at(100) }, []],
  ];
  for (const [query, expected] of cases) {
    assert.deepEqual(numbers(audit.page({ ...EVERYTHING, ...query }).entries), expected);
  }
});

Deno.test("AuditRepository.page() leads through all rows once, whatever is entered meanwhile", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  fill(audit, 10);
  const seen: number[][] = [];
  let before: bigint | null = null;
  do {
    const page: AuditPage = audit.page({ ...EVERYTHING, limit: 4, before });
    seen.push(numbers(page.entries));
    audit.insert([{ ...DENIED, action: "POST /999" }]);
    before = page.next;
  } while (before !== null);
  assert.deepEqual(seen, [[9, 8, 7, 6], [5, 4, 3, 2], [1, 0]]);
});

Deno.test("AuditRepository.page() goes on from a row that is deleted meanwhile", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  fill(audit, 6);
  const { next } = audit.page({ ...EVERYTHING, limit: 2 });
  temp.store.db.run("DELETE FROM audit WHERE seq = ?", next);
  assert.deepEqual(numbers(audit.page({ ...EVERYTHING, before: next }).entries), [3, 2, 1, 0]);
});

Deno.test("AuditRepository.page() has no next page when the last row is shown", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  fill(audit, 4);
  assert.equal(audit.page({ ...EVERYTHING, limit: 4 }).next, null);
  assert.equal(audit.page({ ...EVERYTHING, limit: 3 }).next, 2n);
});

Deno.test("AuditRepository counts and deletes what is older, and keeps the newest", () => {
  using temp = openTempStore();
  const audit = repositoryOf(temp);
  fill(audit, 10);
  const cutoff = instant("2026-01-01T00:00:03Z");
  assert.equal(audit.countBefore(cutoff), 3);
  assert.equal(audit.deleteBefore(cutoff, 2), 2);
  assert.equal(audit.deleteBefore(cutoff, 2), 1);
  assert.equal(audit.countBefore(cutoff), 0);
  assert.equal(audit.keepNewest(7, 1), 0);
  assert.equal(audit.keepNewest(5, 1), 1);
  assert.equal(audit.keepNewest(5, 9), 1);
  assert.deepEqual(numbers(audit.page(EVERYTHING).entries), [9, 8, 7, 6, 5]);
  audit.insert([{ ...DENIED, action: "POST /10" }]);
  assert.equal(temp.store.db.get("SELECT max(seq) AS seq FROM audit")?.["seq"], 11n);
});
