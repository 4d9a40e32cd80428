import assert from "node:assert/strict";
import fc from "fast-check";
import { currentPeriodStart, isBillingAnchor, NEVER, periodEnd, periodStart } from "./period.ts";

const DAY = 86_400n;

/** Seconds of a date and time in UTC. */
const at = (text: string): bigint => BigInt(Date.parse(text) / 1_000);
const text = (secs: bigint): string => new Date(Number(secs) * 1_000).toISOString();

const chains: readonly [anchor: string, starts: readonly string[]][] = [
  ["2026-01-31T10:20:30Z", [
    "2026-01-31T10:20:30.000Z",
    "2026-02-28T10:20:30.000Z",
    "2026-03-31T10:20:30.000Z",
    "2026-04-30T10:20:30.000Z",
    "2026-05-31T10:20:30.000Z",
  ]],
  ["2023-12-30T23:59:59Z", [
    "2023-12-30T23:59:59.000Z",
    "2024-01-30T23:59:59.000Z",
    "2024-02-29T23:59:59.000Z",
    "2024-03-30T23:59:59.000Z",
  ]],
  ["2024-02-29T00:00:00Z", [
    "2024-02-29T00:00:00.000Z",
    "2024-03-29T00:00:00.000Z",
    "2024-04-29T00:00:00.000Z",
  ]],
  ["1899-12-31T00:00:00Z", [
    "1899-12-31T00:00:00.000Z",
    "1900-01-31T00:00:00.000Z",
    "1900-02-28T00:00:00.000Z",
  ]],
];

for (const [anchor, starts] of chains) {
  Deno.test(`periodStart() counts from ${anchor}`, () => {
    const found = starts.map((_, n) => text(periodStart(at(anchor), n) ?? 0n));
    assert.deepEqual(found, starts);
  });
}

Deno.test("periodStart() finds the leap days of centuries", () => {
  const start = (year: number, n: number) =>
    text(periodStart(at(`${year}-01-31T00:00:00Z`), n) ?? 0n);
  assert.equal(start(2000, 1), "2000-02-29T00:00:00.000Z");
  assert.equal(start(2100, 1), "2100-02-28T00:00:00.000Z");
  assert.equal(start(1999, 13), "2000-02-29T00:00:00.000Z");
});

Deno.test("isBillingAnchor() is false where there are no dates", () => {
  const last = 8_640_000_000_000n;
  for (const secs of [0n, -1n, last, -last]) assert.equal(isBillingAnchor(secs), true, `${secs}`);
  for (const secs of [last + 1n, -last - 1n, NEVER, -NEVER - 1n]) {
    assert.equal(isBillingAnchor(secs), false, `${secs}`);
    assert.equal(periodStart(secs, 0), null);
    assert.equal(periodEnd(secs, secs), NEVER);
    assert.equal(currentPeriodStart(secs, secs, 0n), secs);
  }
});

Deno.test("periodEnd() is never where dates end", () => {
  const last = 8_640_000_000_000n;
  assert.equal(periodStart(last, 1), null);
  assert.equal(periodEnd(last, last), NEVER);
  assert.equal(currentPeriodStart(last - 40n * DAY, last - 40n * DAY, NEVER), last - 40n * DAY);
});

Deno.test("periodEnd() is never for a start that is not on the chain", () => {
  const anchor = at("2026-01-31T00:00:00Z");
  assert.equal(periodEnd(anchor, at("2026-02-28T00:00:00Z")), at("2026-03-31T00:00:00Z"));
  for (const off of ["2026-02-28T00:00:01Z", "2026-03-01T00:00:00Z", "2025-12-31T00:00:00Z"]) {
    assert.equal(periodEnd(anchor, at(off)), NEVER, off);
  }
});

Deno.test("periodEnd() looks at 12000 months", () => {
  const anchor = at("0900-05-01T00:00:00Z");
  assert.equal(text(periodEnd(anchor, at("1900-04-01T00:00:00Z"))), "1900-05-01T00:00:00.000Z");
  assert.equal(periodEnd(anchor, at("1900-05-01T00:00:00Z")), NEVER);
});

Deno.test("currentPeriodStart() skips the periods that were missed", () => {
  const anchor = at("2026-01-31T12:00:00Z");
  const current = (startedAt: string, now: string) =>
    text(currentPeriodStart(anchor, at(startedAt), at(now)));
  const started = "2026-01-31T12:00:00Z";
  assert.equal(current(started, "2026-02-28T11:59:59Z"), "2026-01-31T12:00:00.000Z");
  assert.equal(current(started, "2026-02-28T12:00:00Z"), "2026-02-28T12:00:00.000Z");
  assert.equal(current(started, "2027-02-28T11:59:59Z"), "2027-01-31T12:00:00.000Z");
});

Deno.test("currentPeriodStart() never goes back, and keeps a start it does not know", () => {
  const anchor = at("2026-01-31T12:00:00Z");
  const keeps = (startedAt: string, now: string) =>
    assert.equal(currentPeriodStart(anchor, at(startedAt), at(now)), at(startedAt));
  keeps("2026-03-31T12:00:00Z", "2026-02-01T00:00:00Z");
  keeps("2026-03-31T12:00:00Z", "2020-02-01T00:00:00Z");
  keeps("2025-01-01T00:00:00Z", "2027-02-01T00:00:00Z");
  // Between two starts it counts as the earlier one.
  keeps("2026-02-10T00:00:00Z", "2026-02-27T00:00:00Z");
  const off = at("2026-02-10T00:00:00Z");
  assert.equal(
    text(currentPeriodStart(anchor, off, at("2026-04-01T00:00:00Z"))),
    "2026-03-31T12:00:00.000Z",
  );
});

/** The proleptic Gregorian calendar by counting, without dates of the platform. */
const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const monthDays = (year: number, month: number) =>
  [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month] as number;

/** Days from 1970-01-01 to a date; `month` and `day` count from 0. */
function epochDay(year: number, month: number, day: number): number {
  let days = day;
  for (let y = 1970; y < year; y++) days += isLeap(y) ? 366 : 365;
  for (let y = year; y < 1970; y++) days -= isLeap(y) ? 366 : 365;
  for (let m = 0; m < month; m++) days += monthDays(year, m);
  return days;
}

interface CivilAnchor {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly secs: number;
}

const civilAnchor = fc.record({
  year: fc.integer({ min: 1600, max: 2500 }),
  month: fc.integer({ min: 0, max: 11 }),
  day: fc.integer({ min: 0, max: 30 }),
  secs: fc.integer({ min: 0, max: 86_399 }),
}).filter(({ year, month, day }) => day < monthDays(year, month));

function countedStart({ year, month, day, secs }: CivilAnchor, n: number): bigint {
  const months = year * 12 + month + n;
  const [y, m] = [Math.floor(months / 12), months % 12];
  return BigInt(epochDay(y, m, Math.min(day, monthDays(y, m) - 1)) * 86_400 + secs);
}

Deno.test("periods are those that counting days finds", () => {
  fc.assert(fc.property(civilAnchor, fc.nat({ max: 2_000 }), (civil, n) => {
    const anchor = countedStart(civil, 0);
    assert.equal(periodStart(anchor, n), countedStart(civil, n));
    assert.equal(periodEnd(anchor, countedStart(civil, n)), countedStart(civil, n + 1));
  }));
});

Deno.test("currentPeriodStart() is the last start that walking from one to the next passes", () => {
  const seconds = fc.nat({ max: 3 * 366 * 86_400 }).map(BigInt);
  fc.assert(
    fc.property(civilAnchor, fc.nat({ max: 50 }), seconds, (civil, known, later) => {
      const anchor = countedStart(civil, 0);
      const startedAt = countedStart(civil, known);
      const now = startedAt + later;
      let n = known;
      while (countedStart(civil, n + 1) <= now) n++;
      assert.equal(currentPeriodStart(anchor, startedAt, now), countedStart(civil, n));
    }),
  );
});

Deno.test("no 64-bit time makes the arithmetic fail", () => {
  const i64 = fc.bigInt({ min: -(2n ** 63n), max: NEVER });
  fc.assert(fc.property(i64, i64, i64, (anchor, startedAt, now) => {
    assert.ok(periodEnd(anchor, startedAt) > startedAt || startedAt === NEVER);
    assert.ok(currentPeriodStart(anchor, startedAt, now) >= startedAt);
  }));
});
