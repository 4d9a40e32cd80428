import assert from "node:assert/strict";
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

async function requestsTotal(api: ApiFixture): Promise<Record<string, string | undefined>> {
  const rows = (await api.metrics.render()).matchAll(
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
  const total = await requestsTotal(api);
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
});
