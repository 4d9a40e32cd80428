import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../tests/kit/api_fixture.ts";
import { HTTP } from "../core/limits.ts";

const PROTECTED = ["/v1/clients", "/v1/rules", "/v1/rules/1", "/v1/rules/1/stats"];

Deno.test("the API refuses requests without a good token, on every protected route", async () => {
  using api = new ApiFixture();
  const cases: [headers: Record<string, string>, error: string][] = [
    [{}, "401 unauthenticated"],
    [{ Authorization: "" }, "401 unauthenticated"],
    [{ Authorization: "Bearer" }, "401 unauthenticated"],
    [{ Authorization: "Bearer  " }, "401 unauthenticated"],
    [{ Authorization: "Basic root" }, "401 unauthenticated"],
    [{ Authorization: "bearer root" }, "401 unauthenticated"],
    [{ Authorization: "BEARER root" }, "401 unauthenticated"],
    [{ Authorization: "Bearer nobody" }, "401 credential_invalid"],
    [{ Authorization: "Bearer ROOT" }, "401 credential_invalid"],
    [{ Authorization: "Bearer disabled" }, "401 user_disabled"],
  ];
  const messages = new Set<string>();
  for (const path of PROTECTED) {
    for (const [headers, error] of cases) {
      const answer = await api.request("GET", path, { token: null, headers });
      assert.equal(answer.error, error, JSON.stringify(headers));
      assert.equal(answer.headers.get("www-authenticate"), null);
      messages.add(messageOf(answer));
    }
  }
  assert.equal(messages.size, 1, "one text for every reason");
});

Deno.test("the API takes a token with spaces around it", async () => {
  using api = new ApiFixture();
  const headers = { Authorization: "Bearer   root " };
  assert.equal((await api.request("GET", "/v1/rules", { token: null, headers })).status, 200);
});

Deno.test("the API is closed while there is no superadmin, even to good tokens", async () => {
  using api = new ApiFixture();
  api.operators.hasSuperadmin = false;
  for (const path of PROTECTED) {
    assert.equal((await api.get(path)).error, "503 bootstrap_required");
    assert.equal(
      (await api.request("GET", path, { token: null })).error,
      "503 bootstrap_required",
    );
  }
  const [denied] = api.logger.of("operator.deny");
  assert.deepEqual(denied?.fields, {
    actor: "_anonymous",
    method: "GET",
    path: "/v1/clients",
    outcome: "deny",
    reason: "bootstrap_required",
  });
});

Deno.test("the API logs and counts who was let in and who was not, and never a token", async () => {
  using api = new ApiFixture();
  await api.request("POST", "/v1/rules?token=query", { token: "sesame" });
  await api.get("/v1/rules?client=secret");
  await api.get("/v1/rules", "alice");
  assert.deepEqual(
    api.logger.of("operator.allow").map(({ fields }) => fields),
    [["_superadmin", "Superadmin"], ["alice", "User"]].map(([actor, role]) => ({
      actor,
      role,
      method: "GET",
      path: "/v1/rules",
      outcome: "allow",
      auth_method: "bearer",
    })),
  );
  assert.equal(api.logger.of("operator.deny")[0]?.fields["path"], "/v1/rules");
  assert.ok(!/sesame|query|secret/.test(api.logger.text()));
  const metrics = api.metrics.render();
  assert.match(metrics, /^portunus_operator_requests_total\{outcome="allow",reason="ok"\} 2$/m);
  assert.match(
    metrics,
    /^portunus_operator_requests_total\{outcome="deny",reason="credential_invalid"\} 1$/m,
  );
});

Deno.test("the API answers unknown /v1 paths with JSON 404 for any method, without authentication", async () => {
  using api = new ApiFixture();
  for (const method of ["GET", "POST", "PUT", "DELETE"]) {
    for (const path of ["/v1/", "/v1/nothing", "/v1/rules/", "/v1/rules/1/stats/", "/v1/a/b/c"]) {
      const answer = await api.request(method, path, { token: null });
      assert.equal(answer.error, "404 not_found", `${method} ${path}`);
    }
  }
  assert.deepEqual(api.logger.lines, []);
});

Deno.test("the API answers a known path's other methods with 405 and Allow, after authentication", async () => {
  using api = new ApiFixture();
  const cases = [
    ["PUT", "/v1/rules", "GET,HEAD,POST"],
    ["POST", "/v1/rules/1", "GET,HEAD,PUT,DELETE"],
    ["POST", "/v1/rules/1/stats", "GET,HEAD"],
    ["DELETE", "/v1/clients", "GET,HEAD"],
    ["GET", "/v1/clients/x/revoke", "POST"],
  ] as const;
  for (const [method, path, allow] of cases) {
    const answer = await api.request(method, path);
    assert.equal(answer.status, 405, path);
    assert.equal(answer.headers.get("allow"), allow);
    assert.equal(answer.text, "");
    assert.equal((await api.request(method, path, { token: "x" })).error, "401 credential_invalid");
  }
  assert.equal((await api.request("POST", "/healthz", { token: null })).status, 405);
});

Deno.test("the API serves HEAD wherever it serves GET, without a body", async () => {
  using api = new ApiFixture();
  for (const path of ["/v1/rules", "/v1/clients", "/healthz", "/v1/version"]) {
    const answer = await api.request("HEAD", path);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, "");
    assert.equal(answer.headers.get("content-type"), "application/json");
  }
  assert.equal((await api.request("HEAD", "/v1/rules", { token: null })).status, 401);
  assert.equal((await api.request("HEAD", "/v1/rules/1")).status, 404);
});

Deno.test("the API says in plain text what it cannot decode, before any check of the handler", async () => {
  using api = new ApiFixture();
  const json = { "Content-Type": "application/json" };
  const cases: [headers: Record<string, string>, body: string, status: number][] = [
    [{}, "{}", 415],
    [{ "Content-Type": "text/plain" }, "{}", 415],
    [{ "Content-Type": "application/jsonp" }, "{}", 415],
    [json, "", 400],
    [json, "{} {}", 400],
    [json, "{", 400],
    [json, "[]", 422],
    [json, "{}", 422],
    [json, `{"client":null,"listen_port":1}`, 422],
    [json, `{"client":"a","listen_port":"1"}`, 422],
    [json, `{"client":"a","listen_port":1.0}`, 422],
    [json, `{"client":"a","listen_port":65536}`, 422],
    [json, `{"client":"a","listen_port":-1}`, 422],
    [json, `{"client":"a","listen_port":1,"ack_timeout_secs":18446744073709551616}`, 422],
    [json, `{"client":"a","client":"a","listen_port":1}`, 422],
    [json, `{"client":"a","listen_port":1,"targets":[{"host":"h","port":1,"port":1}]}`, 422],
    [
      json,
      `{"client":"a","listen_port":1,"rate_limit":{"bandwidth_in_bps":1,"bandwidth_in_bps":1}}`,
      422,
    ],
    [{ "Content-Type": "application/vnd.api+json; charset=utf-8" }, `{"client":1}`, 422],
    [json, `"${"x".repeat(HTTP.bodyMaxBytes)}"`, 413],
  ];
  for (const token of ["root", "alice"]) {
    for (const [headers, body, status] of cases) {
      const answer = await api.request("POST", "/v1/rules", { token, headers, body });
      assert.equal(answer.status, status, body.slice(0, 80));
      assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
    }
  }
});

Deno.test("the API ignores unknown keys, however often they are there", async () => {
  using api = new ApiFixture();
  const answer = await api.request("POST", "/v1/users/alice/credentials", {
    headers: { "Content-Type": "application/json" },
    body: `{"other":1,"label":"x","other":2,"constructor":1,"constructor":{"label":1,"label":2}}`,
  });
  assert.equal(answer.status, 201, answer.text);
});

Deno.test("the API decodes after authentication, and roles come after decoding", async () => {
  using api = new ApiFixture();
  const huge = { body: "x".repeat(HTTP.bodyMaxBytes + 1) };
  const anonymous = await api.request("POST", "/v1/rules", { token: "x", ...huge });
  assert.equal(anonymous.error, "401 credential_invalid");
  const user = await api.request("POST", "/v1/client-enrollments", { token: "alice", body: "{}" });
  assert.equal(user.status, 415);
});

Deno.test("the API accepts media types with parameters and bodies of exactly the limit", async () => {
  using api = new ApiFixture();
  const text = `{"client":"a","listen_port":1}`;
  const body = text + " ".repeat(HTTP.bodyMaxBytes - text.length);
  for (
    const type of ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
  ) {
    const headers = { "Content-Type": type };
    assert.equal(
      (await api.request("POST", "/v1/rules", { headers, body })).error,
      "400 rule_shape_missing",
      type,
    );
  }
});

Deno.test("the API answers 400 for a rule id that is no u64", async () => {
  using api = new ApiFixture();
  for (const id of ["x", "-1", "1.0", "18446744073709551616", "%20", "1e3", "0x1"]) {
    for (const path of [`/v1/rules/${id}`, `/v1/rules/${id}/stats`]) {
      const answer = await api.get(path, "alice");
      assert.equal(answer.status, 400, path);
      assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
    }
  }
  assert.equal((await api.get("/v1/rules/18446744073709551615")).error, "404 rule_not_found");
});

Deno.test("the API answers a defect with 500 and an id that is in the log too, and nothing more", async () => {
  using api = new ApiFixture();
  api.operators.grantsOf = () => Promise.reject(new TypeError("secret detail"));
  const answer = await api.get("/v1/clients", "alice");
  assert.equal(answer.error, "500 internal");
  const [line] = api.logger.of("operator.internal_error");
  const id = String(line?.fields["error_id"]);
  assert.equal(messageOf(answer), `internal: unexpected error ${id}`);
  assert.ok(!/secret detail|TypeError|\bat /.test(answer.text), answer.text);
  assert.match(String(line?.fields["error"]), /secret detail/);
});

Deno.test("the API answers a store that fails with 500 store_error", async () => {
  using api = new ApiFixture();
  api.connect();
  await api.push();
  api.db.sabotage("rules", "disk full");
  const answer = await api.request("DELETE", "/v1/rules/0");
  assert.equal(answer.error, "500 store_error");
  assert.equal(messageOf(answer), "store_error");
  assert.match(String(api.logger.of("operator.store_error")[0]?.fields["error"]), /disk full/);
  api.db.repair();
  assert.equal((await api.request("DELETE", "/v1/rules/0")).status, 204);
});

Deno.test("the system routes need no token and say whether the store can be read", async () => {
  using api = new ApiFixture();
  const get = (path: string) => api.request("GET", path, { token: null });
  assert.deepEqual((await get("/healthz")).json, { status: "ok" });
  assert.deepEqual((await get("/readyz")).json, { status: "ok" });
  assert.deepEqual((await get("/v1/version")).json, { version: "3.2.0" });
  assert.deepEqual((await get("/v1/auth/status")).json, { onboarding_required: false });
  api.operators.hasSuperadmin = false;
  assert.deepEqual((await get("/v1/auth/status")).json, { onboarding_required: true });
  api.storeIsBroken = true;
  assert.equal((await get("/readyz")).status, 503);
  assert.equal((await get("/healthz")).status, 200);
  assert.deepEqual(api.logger.lines, []);
});
