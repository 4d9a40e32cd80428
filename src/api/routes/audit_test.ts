import assert from "node:assert/strict";
import { type Answer, ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";
import { AUDIT } from "../../core/limits.ts";
import type { AuditEntry } from "../../store/audit.ts";

const START = Temporal.Instant.from("2026-05-07T10:00:00Z");

/** Enters `count` entries a second apart, every other denied. */
function fill(api: ApiFixture, count: number): void {
  api.audit.insert(Array.from({ length: count }, (_, n): AuditEntry => ({
    timestamp: START.add({ seconds: n }),
    actor: "alice",
    role: "user",
    outcome: n % 2 === 0 ? "allow" : "deny",
    action: `POST /${n}`,
    reason: n % 2 === 0 ? null : "not_owner",
    resourceKind: null,
    resourceValue: null,
    details: {},
  })));
}

interface Page {
  readonly entries: readonly { readonly path: string }[];
  readonly next_cursor?: string;
  readonly count: number;
}

const numbers = (entries: unknown) =>
  (entries as Page["entries"]).map(({ path }) => Number(path.slice(1)));
const pageOf = ({ json }: Answer) => json as unknown as Page;

Deno.test("GET /v1/audit shows requests and events with the members they have", async () => {
  using api = new ApiFixture();
  await api.request("DELETE", "/v1/rules/7?a=b", { token: "bob" });
  await api.request("GET", "/v1/rules", { token: null });
  await api.request("POST", "/v1/client-enrollments", {
    json: { name: "edge-09", address: "127.0.0.1" },
  });
  await api.get("/v1/rules");
  api.trail.record({
    actor: "_superadmin",
    role: "superadmin",
    outcome: "allow",
    action: "operator.password_reset",
    resourceKind: "user",
    resourceValue: "alice",
    details: { sessions_revoked: 2, temporary_password_generated: true },
  });
  api.clock.advance(AUDIT.batchWindowMs);

  const answer = await api.get("/v1/audit");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  const timestamp = "2026-01-01T00:00:00Z";
  assert.deepEqual(answer.json, [
    {
      timestamp,
      actor: "_superadmin",
      role: "superadmin",
      method: "",
      path: "operator.password_reset",
      outcome: "allow",
      action: "operator.password_reset",
      resource_kind: "user",
      resource_value: "alice",
      details: { sessions_revoked: 2, temporary_password_generated: true },
    },
    {
      timestamp,
      actor: "_superadmin",
      role: "superadmin",
      method: "POST",
      path: "/v1/client-enrollments",
      outcome: "allow",
    },
    {
      timestamp,
      actor: "_anonymous",
      method: "GET",
      path: "/v1/rules",
      outcome: "deny",
      reason: "unauthenticated",
    },
    {
      timestamp,
      actor: "bob",
      role: "user",
      method: "DELETE",
      path: "/v1/rules/7",
      outcome: "deny",
      reason: "rule_not_found",
    },
  ]);
});

Deno.test("GET /v1/audit is a bare list of 100 without paging parameters, newest first", async () => {
  using api = new ApiFixture();
  assert.deepEqual((await api.get("/v1/audit")).json, []);
  fill(api, 120);
  const list = numbers((await api.get("/v1/audit")).json);
  assert.deepEqual([list.length, list[0], list.at(-1)], [100, 119, 20]);
  assert.deepEqual(numbers((await api.get("/v1/audit?limit=3")).json), [119, 118, 117]);
  const denied = (await api.get("/v1/audit?outcome=deny&limit=1000")).json;
  assert.deepEqual(numbers(denied).slice(0, 2), [119, 117]);
  assert.equal(numbers(denied).length, 60);
});

Deno.test("GET /v1/audit leads through pages that new entries do not shift", async () => {
  using api = new ApiFixture();
  fill(api, 10);
  const query = "/v1/audit?outcome=deny&limit=2&since=2026-05-07T10:00:01Z";
  const seen: number[][] = [];
  let cursor: string | undefined;
  do {
    const answer = await api.get(cursor === undefined ? query : `${query}&cursor=${cursor}`);
    const page = pageOf(answer);
    assert.equal(page.count, page.entries.length);
    assert.deepEqual(
      Object.keys(page),
      page.next_cursor === undefined ? ["entries", "count"] : ["entries", "next_cursor", "count"],
    );
    seen.push(numbers(page.entries));
    cursor = page.next_cursor;
    fill(api, 10);
  } while (cursor !== undefined);
  assert.deepEqual(seen, [[9, 7], [5, 3], [1]]);
});

Deno.test("GET /v1/audit takes the cursor of 3.1.0: the number of a row in base64url", async () => {
  using api = new ApiFixture();
  fill(api, 130);
  assert.equal(
    pageOf(await api.get("/v1/audit?since=2000-01-01T00:00:00Z&limit=8")).next_cursor,
    "MTIz",
  );
  const page = pageOf(await api.get("/v1/audit?cursor=MTIz&limit=1"));
  assert.deepEqual(numbers(page.entries), [121]);
  assert.deepEqual(pageOf(await api.get("/v1/audit?cursor=MQ")), { entries: [], count: 0 });
});

Deno.test("GET /v1/audit takes times in any offset and both ends in", async () => {
  using api = new ApiFixture();
  fill(api, 10);
  const cases: [query: string, numbers: number[]][] = [
    ["since=2026-05-07T10:00:08Z", [9, 8]],
    ["until=2026-05-07T10:00:01.000Z", [1, 0]],
    ["since=2026-05-07T12:00:03%2B02:00&until=2026-05-07T10:00:04Z", [4, 3]],
    ["since=2026-05-07T10:00:04Z&until=2026-05-07T10:00:04Z", [4]],
  ];
  for (const [query, expected] of cases) {
    assert.deepEqual(numbers(pageOf(await api.get(`/v1/audit?${query}`)).entries), expected, query);
  }
});

Deno.test("GET /v1/audit refuses in order: role, limit, outcome, since, until, cursor, range", async () => {
  using api = new ApiFixture();
  const late = "2026-01-02T00:00:00Z";
  const early = "2026-01-01T00:00:00Z";
  const all = { limit: "0", outcome: "x", since: "x", until: "x", cursor: "!" };
  const steps: [change: Record<string, string>, error: string][] = [
    [{}, "422 invalid_limit"],
    [{ limit: "1" }, "422 invalid_outcome"],
    [{ outcome: "deny" }, "400 invalid_timestamp"],
    [{ since: late }, "400 invalid_timestamp"],
    [{ until: early }, "400 invalid_cursor"],
    [{ cursor: "MQ" }, "400 invalid_time_range"],
  ];
  const query: Record<string, string> = { ...all };
  const forbidden = await api.get(`/v1/audit?${new URLSearchParams(all)}`, "alice");
  assert.equal(forbidden.error, "403 role_required");
  assert.equal(messageOf(forbidden), "rbac: role_required");
  for (const [change, error] of steps) {
    Object.assign(query, change);
    const answer = await api.get(`/v1/audit?${new URLSearchParams(query)}`);
    assert.equal(answer.error, error);
    assert.equal(answer.headers.get("cache-control"), "no-store");
  }
});

Deno.test("GET /v1/audit refuses values that are none, empty ones too", async () => {
  using api = new ApiFixture();
  const cases: [name: string, values: readonly string[], error: string][] = [
    ["limit", ["", "0", "1001", "-1", "1.0", "1e2", "ten", "9".repeat(400)], "422 invalid_limit"],
    ["outcome", ["", "Allow", "denied"], "422 invalid_outcome"],
    [
      "since",
      ["", "yesterday", "2026-05-07", "2026-05-07T10:00:00", "2026-13-01T00:00:00Z"],
      "400 invalid_timestamp",
    ],
    ["until", ["2026-05-07T10:00:00+02:00", "9999-12-31T23:59:59-01:00"], "400 invalid_timestamp"],
    [
      "cursor",
      [
        "",
        "MTIz=",
        "MTIz====",
        "!!",
        "eHg",
        "LTE",
        "MDE",
        "MTIz\n",
        btoa("9".repeat(19)).replace(/=+$/, ""),
        btoa("9".repeat(30)).replace(/=+$/, ""),
      ],
      "400 invalid_cursor",
    ],
  ];
  for (const [name, values, error] of cases) {
    for (const value of values) {
      // The plus of an offset that was not encoded reads as a space.
      const text = name === "until" ? value.replaceAll("%2B", "+") : encodeURIComponent(value);
      assert.equal((await api.get(`/v1/audit?${name}=${text}`)).error, error, `${name}=${value}`);
    }
  }
});

Deno.test("GET /v1/audit refuses a parameter that is given twice, as plain text", async () => {
  using api = new ApiFixture();
  const answer = await api.get("/v1/audit?outcome=allow&outcome=deny", "alice");
  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
});

Deno.test("GET /v1/audit answers 500 internal when the trail cannot be read", async () => {
  using api = new ApiFixture();
  api.db.store.db.exec("ALTER TABLE audit RENAME TO elsewhere");
  const answer = await api.get("/v1/audit");
  assert.equal(answer.error, "500 internal");
  assert.match(String(api.logger.of("operator.store_error")[0]?.fields["error"]), /no such table/);
});

Deno.test("GET /v1/audit answers HEAD, and 405 for every other method", async () => {
  using api = new ApiFixture();
  const head = await api.request("HEAD", "/v1/audit");
  assert.deepEqual([head.status, head.text], [200, ""]);
  const post = await api.request("POST", "/v1/audit", { json: {} });
  assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET,HEAD"]);
});
