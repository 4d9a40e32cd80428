import assert from "node:assert/strict";
import { evaluate, type Verdict } from "./http_conditions.ts";

const MODIFIED = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const IT = { etag: '"abc"', modifiedAtMs: MODIFIED, size: 1_000 };
const SAME = "Fri, 02 Jan 2026 03:04:05 GMT";
const EARLIER = "Fri, 02 Jan 2026 03:04:04 GMT";

const verdict = (headers: Record<string, string>, method = "GET", it = IT): Verdict =>
  evaluate({ method, headers: new Headers(headers) }, it);

Deno.test("evaluate() sends what the visitor does not have", () => {
  const cases: [Record<string, string>, Verdict["kind"]][] = [
    [{}, "full"],
    [{ "If-None-Match": '"abc"' }, "not_modified"],
    [{ "If-None-Match": 'W/"abc"' }, "not_modified"],
    [{ "If-None-Match": '"x", "abc"' }, "not_modified"],
    [{ "If-None-Match": "*" }, "not_modified"],
    [{ "If-None-Match": '"abcd"' }, "full"],
    [{ "If-None-Match": "abc" }, "full"],
    [{ "If-Modified-Since": SAME }, "not_modified"],
    [{ "If-Modified-Since": EARLIER }, "full"],
    [{ "If-Modified-Since": "yesterday" }, "full"],
    [{ "If-None-Match": '"x"', "If-Modified-Since": SAME }, "full"],
    [{ "If-Match": '"abc"' }, "full"],
    [{ "If-Match": "*" }, "full"],
    [{ "If-Match": 'W/"abc"' }, "precondition_failed"],
    [{ "If-Match": '"x"', "If-None-Match": '"abc"' }, "precondition_failed"],
    [{ "If-Unmodified-Since": EARLIER }, "precondition_failed"],
    [{ "If-Unmodified-Since": SAME }, "full"],
    [{ "If-Match": '"abc"', "If-Unmodified-Since": EARLIER }, "full"],
  ];
  for (const [headers, kind] of cases) {
    assert.equal(verdict(headers).kind, kind, JSON.stringify(headers));
    assert.equal(verdict(headers, "HEAD").kind, kind, JSON.stringify(headers));
  }
});

Deno.test("evaluate() takes one range of bytes", () => {
  const range = (first: number, last: number): Verdict => ({ kind: "range", first, last });
  const cases: [string, Verdict][] = [
    ["bytes=0-0", range(0, 0)],
    ["bytes=0-", range(0, 999)],
    ["bytes=10-19", range(10, 19)],
    ["BYTES=999-", range(999, 999)],
    ["bytes=990-5000", range(990, 999)],
    ["bytes=-1", range(999, 999)],
    ["bytes=-5000", range(0, 999)],
    ["bytes=1000-", { kind: "unsatisfiable" }],
    ["bytes=99999999999999999999-", { kind: "unsatisfiable" }],
    ["bytes=-0", { kind: "unsatisfiable" }],
    ["bytes=5-4", { kind: "full" }],
    ["bytes=-", { kind: "full" }],
    ["bytes=a-b", { kind: "full" }],
    ["bytes=0-1,5-6", { kind: "full" }],
    ["lines=0-1", { kind: "full" }],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(verdict({ Range: text }), expected, text);
  }
  assert.equal(verdict({ Range: "bytes=0-1" }, "HEAD").kind, "full");
  assert.equal(verdict({ Range: "bytes=0-" }, "GET", { ...IT, size: 0 }).kind, "unsatisfiable");
  assert.equal(verdict({ Range: "bytes=-1" }, "GET", { ...IT, size: 0 }).kind, "unsatisfiable");
});

Deno.test("evaluate() takes a range of what the visitor began with only", () => {
  for (
    const [ifRange, kind] of [
      ['"abc"', "range"],
      ['W/"abc"', "full"],
      ['"x"', "full"],
      [SAME, "range"],
      [EARLIER, "full"],
      ["nonsense", "full"],
    ] as const
  ) assert.equal(verdict({ Range: "bytes=0-1", "If-Range": ifRange }).kind, kind, ifRange);
  assert.equal(verdict({ Range: "bytes=0-1", "If-None-Match": '"abc"' }).kind, "not_modified");
});
