import assert from "node:assert/strict";
import fc from "fast-check";
import { Hono } from "hono";
import { AUDIT } from "../../core/limits.ts";
import { PortunusError } from "../../core/errors.ts";
import { Directory } from "../../identity/directory.ts";
import type { AppEnv } from "../http.ts";
import { errorHandler } from "./errors.ts";
import { recordOutcome } from "./outcome.ts";
import { hashSecret } from "../../system/secret_hash.ts";
import { ApiFixture, type RequestOptions } from "../../../tests/kit/api_fixture.ts";

/** The last line about a request, as `<event> <actor> <method> <path> <reason>`. */
function lastLine(api: ApiFixture): string {
  const { event, fields } =
    api.logger.lines.findLast((it) => /^operator\.(allow|deny)$/.test(it.event)) ??
      assert.fail("no line");
  assert.equal(event, `operator.${fields["outcome"]}`);
  const { actor, method, path, reason } = fields;
  return [event, actor, method, path, reason].filter((it) => it !== undefined).join(" ");
}

/** The trail so far, oldest first, as `<outcome> <actor> <role> <action> <reason>`. */
function trailOf(api: ApiFixture): string[] {
  api.clock.advance(AUDIT.batchWindowMs);
  const query = { limit: 1_000, outcome: null, since: null, until: null, before: null };
  return api.audit.page(query).entries.toReversed().map((
    { outcome, actor, role, action, reason },
  ) => [outcome, actor, role, action, reason].filter((it) => it !== null).join(" "));
}

function requestsTotal(api: ApiFixture): Record<string, string | undefined> {
  const rows = api.metrics.render().matchAll(
    /^portunus_operator_requests_total\{outcome="(\w+)",reason="(\w+)"\} (\d+)$/gm,
  );
  return Object.fromEntries([...rows].map(([, outcome, reason, n]) => [`${outcome} ${reason}`, n]));
}

Deno.test("recordOutcome() tells the real outcome of requests that change something", async () => {
  using api = new ApiFixture();
  const cases: [method: string, path: string, options: RequestOptions, line: string][] = [
    ["POST", "/v1/client-enrollments", {
      json: { name: "edge-09", address: "127.0.0.1" },
    }, "operator.allow _superadmin POST /v1/client-enrollments"],
    ["POST", "/v1/client-enrollments", {
      token: "alice",
      json: { name: "edge-09", address: "127.0.0.1" },
    }, "operator.deny alice POST /v1/client-enrollments role_required"],
    ["POST", "/v1/rules", {
      token: "alice",
      json: { client: "edge-01", listen_port: 8080, target_host: "127.0.0.1", target_port: 80 },
    }, "operator.deny alice POST /v1/rules client_not_granted"],
    ["POST", "/v1/rules", {
      json: { client: "edge-01", listen_port: 8080, target_host: "127.0.0.1", target_port: 80 },
    }, "operator.deny _superadmin POST /v1/rules client_not_connected"],
    ["DELETE", "/v1/rules/7", {}, "operator.deny _superadmin DELETE /v1/rules/7 rule_not_found"],
    ["DELETE", "/v1/rules/x", {}, "operator.deny _superadmin DELETE /v1/rules/x bad_request"],
    [
      "POST",
      "/v1/rules",
      { json: {} },
      "operator.deny _superadmin POST /v1/rules unprocessable_content",
    ],
    [
      "POST",
      "/v1/rules",
      { body: "{}" },
      "operator.deny _superadmin POST /v1/rules unsupported_media_type",
    ],
    ["PUT", "/v1/rules", {}, "operator.deny _superadmin PUT /v1/rules method_not_allowed"],
    ["PUT", "/v1/rules", { token: null }, "operator.deny _anonymous PUT /v1/rules unauthenticated"],
  ];
  for (const [method, path, options, line] of cases) {
    await api.request(method, path, options);
    assert.equal(lastLine(api), line);
  }
  assert.deepEqual(trailOf(api), [
    "allow _superadmin superadmin POST /v1/client-enrollments",
    "deny alice user POST /v1/client-enrollments role_required",
    "deny alice user POST /v1/rules client_not_granted",
    "deny _superadmin superadmin POST /v1/rules client_not_connected",
    "deny _superadmin superadmin DELETE /v1/rules/7 rule_not_found",
    "deny _superadmin superadmin DELETE /v1/rules/x bad_request",
    "deny _superadmin superadmin POST /v1/rules unprocessable_content",
    "deny _superadmin superadmin POST /v1/rules unsupported_media_type",
    "deny _superadmin superadmin PUT /v1/rules method_not_allowed",
    "deny _anonymous PUT /v1/rules unauthenticated",
  ]);
  const total = requestsTotal(api);
  assert.equal(total["allow ok"], "1");
  assert.equal(total["deny client_not_connected"], "1");
  assert.equal(Object.keys(total).length, cases.length, JSON.stringify(total));
});

Deno.test("recordOutcome() takes a read for allowed unless it is forbidden", async () => {
  using api = new ApiFixture();
  api.connect();
  await api.push();
  const lines: string[] = [];
  for (const path of ["/v1/rules", "/v1/rules/9", "/v1/rules/0"]) {
    await api.get(path, "bob");
    lines.push(lastLine(api));
  }
  assert.deepEqual(lines, [
    "operator.allow bob GET /v1/rules",
    "operator.allow bob GET /v1/rules/9",
    "operator.deny bob GET /v1/rules/0 not_owner",
  ]);
  assert.deepEqual(trailOf(api), ["deny bob user GET /v1/rules/0 not_owner"]);
});

Deno.test("recordOutcome() takes a failure for allowed once the request was accepted, else for denied", async () => {
  using api = new ApiFixture();
  api.connect();
  await api.push();
  api.db.sabotage("rules");
  assert.equal((await api.request("DELETE", "/v1/rules/0")).status, 500);
  assert.equal(lastLine(api), "operator.allow _superadmin DELETE /v1/rules/0");
  api.operators.authenticate = () => Promise.reject(new TypeError("a defect"));
  assert.equal((await api.request("DELETE", "/v1/rules/0")).status, 500);
  assert.equal(lastLine(api), "operator.deny _anonymous DELETE /v1/rules/0 internal");
  assert.deepEqual(trailOf(api), [
    "allow _superadmin superadmin DELETE /v1/rules/0",
    "deny _anonymous DELETE /v1/rules/0 internal",
  ]);
});

Deno.test("recordOutcome() records what middleware denies for a reason of its own, with who asked", async () => {
  using api = new ApiFixture();
  const app = new Hono<AppEnv>();
  app.onError(errorHandler(api.logger, () => "E"));
  app.use("/v1/x", recordOutcome(api), (c) => {
    c.set("operator", { userId: "alice", role: "user" });
    c.set("authMethod", "cookie");
    c.set("denyReason", "password_state_unavailable");
    throw new PortunusError("internal");
  });
  assert.equal((await app.request("/v1/x")).status, 500);
  assert.deepEqual(trailOf(api), ["deny alice user GET /v1/x password_state_unavailable"]);
  assert.deepEqual(api.logger.of("operator.deny").map(({ fields }) => fields), [{
    actor: "alice",
    method: "GET",
    path: "/v1/x",
    outcome: "deny",
    reason: "password_state_unavailable",
    auth_method: "cookie",
  }]);
});

Deno.test("recordOutcome() keeps the path as it was sent, without the query, and not endless", async () => {
  using api = new ApiFixture();
  const long = "x".repeat(5_000);
  for (const path of ["/v1/rules/a%20b%3Fc?d=e", `/v1/rules/${long}?f`]) {
    await api.request("DELETE", path, { token: null });
  }
  assert.deepEqual(trailOf(api), [
    "deny _anonymous DELETE /v1/rules/a%20b%3Fc unauthenticated",
    `deny _anonymous DELETE ${`/v1/rules/${long}`.slice(0, AUDIT.pathMaxChars)}… unauthenticated`,
  ]);
});

/** Marks what must not be found again. All of it may stand in a header and in a URL. */
const MARK = "hush8c1f";

/** Requests with marked secrets wherever one could stand. */
function requestsWithSecrets() {
  const secret = fc.stringMatching(/^\w{0,20}$/).map((text) => `${MARK}${text}`);
  const token = fc.oneof(secret, fc.constantFrom(`${MARK}carol`, `${MARK}dave`));
  const value = fc.oneof(secret, fc.dictionary(secret, secret), fc.array(secret));
  const passwords = fc.record({
    user_id: fc.constantFrom("alice", "carol", "erin"),
    display_name: fc.constant("Erin"),
    password: secret,
    password_confirm: secret,
    current_password: secret,
    new_password: secret,
    new_password_confirm: secret,
    initial_password: secret,
    setup_token: secret,
  }).map((it) => JSON.stringify(it));
  const body = fc.oneof(
    passwords,
    secret,
    fc.record({ client: secret, password: value }).map((it) =>
      JSON.stringify({ name: "edge", address: "127.0.0.1", listen_port: 1, ...it })
    ),
  );
  const headers = fc.record({
    "Authorization": fc.tuple(fc.constantFrom("Bearer", "Bearer", "Basic"), token)
      .map((it) => it.join(" ")),
    "Cookie": secret.map((it) => `portunus_session=${it}`),
    "Content-Type": fc.oneof(fc.constant("application/json"), secret),
    "X-Secret": secret,
  }, { requiredKeys: [] });
  const paths = [
    "/v1/rules",
    "/v1/rules/7",
    "/v1/audit",
    "/v1/client-enrollments",
    "/v1/clients/x/revoke",
    "/v1/auth/login",
    "/v1/auth/onboarding",
    "/v1/users",
    "/v1/users/alice/password",
    "/v1/users/me/password",
  ];
  return fc.record({
    method: fc.constantFrom("GET", "POST", "DELETE", "PUT", "PATCH"),
    path: fc.constantFrom(...paths),
    query: fc.dictionary(fc.oneof(secret, fc.constantFrom("limit", "since", "cursor")), secret),
    headers,
    body,
  });
}

Deno.test("no secret of a request comes into the store, its log or the log lines", async () => {
  using api = new ApiFixture();
  api.db.addUser({ userId: "carol", role: "superadmin", token: `${MARK}carol` });
  api.db.addUser({ userId: "dave", role: "user", token: `${MARK}dave` });
  const operators = new Directory({ ...api.accounts, clock: api.clock });
  api.operators.authenticate = (bearer) => operators.authenticate(bearer);
  api.hasher.hash = (password) => Promise.resolve(hashSecret(password));

  await fc.assert(
    fc.asyncProperty(requestsWithSecrets(), async ({ method, path, query, headers, body }) => {
      const url = `${path}?${new URLSearchParams(query)}`;
      const options = { token: null, headers, ...(method === "GET" ? {} : { body }) };
      await api.request(method, url, options);
    }),
    { numRuns: 300 },
  );
  // Whatever was generated, there is one of each kind.
  await api.request("GET", `/v1/rules?a=${MARK}`, { token: `${MARK}carol` });
  await api.request("POST", "/v1/users/alice/password", {
    token: `${MARK}carol`,
    json: { new_password: `${MARK} is the password` },
  });
  await api.request("POST", `/v1/rules?a=${MARK}`, { token: `${MARK}nobody`, body: MARK });
  api.trail[Symbol.dispose]();

  const { path } = api.db.store.db;
  const kept =
    ["", "-wal"].map((suffix) =>
      new TextDecoder("latin1").decode(Deno.readFileSync(`${path}${suffix}`))
    ).join("") + api.logger.text();
  for (const expected of ["POST /v1/rules", "carol", "operator.allow", "password_reset"]) {
    assert.ok(kept.includes(expected), `what was searched does not even have ${expected}`);
  }
  assert.ok(!kept.includes(MARK));
});
