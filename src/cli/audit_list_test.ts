import assert from "node:assert/strict";
import { FakeApi } from "../../tests/kit/fake_api.ts";

const ENTRIES = [
  {
    timestamp: "2026-05-07T10:00:01Z",
    actor: "root",
    role: "superadmin",
    method: "",
    path: "operator.password_reset",
    outcome: "allow",
    action: "operator.password_reset",
    resource_kind: "user",
    resource_value: "alice",
    details: { sessions_revoked: 2, password_change_required: true },
  },
  {
    timestamp: "2026-05-07T10:00:00.123Z",
    actor: "_anonymous",
    method: "DELETE",
    path: "/v1/rules/7",
    outcome: "deny",
    reason: "credential_invalid",
    from_a_newer_server: 1,
  },
];

Deno.test("audit list prints a table, the same for a list and for a page", async () => {
  await using api = new FakeApi();
  const expected =
    "TIMESTAMP                ACTOR                OUTCOME METHOD PATH                             REASON\n" +
    "2026-05-07T10:00:01Z     root                 allow   -      operator.password_reset          -\n" +
    "2026-05-07T10:00:00.123Z _anonymous           deny    DELETE /v1/rules/7                      credential_invalid\n";
  for (const answer of [ENTRIES, { entries: ENTRIES, next_cursor: "MTIz", count: 2 }]) {
    api.answerJson(JSON.stringify(answer));
    assert.deepEqual(await api.run("audit", "list"), { code: 0, out: expected, err: "" });
  }
});

Deno.test("audit list --format json prints the entries with their keys sorted", async () => {
  await using api = new FakeApi();
  api.answerJson(JSON.stringify(ENTRIES.slice(0, 1)));
  const { out } = await api.run("audit", "list", "--format=json");
  const { details, ...rest } = ENTRIES[0] ?? assert.fail();
  assert.deepEqual(JSON.parse(out), [{ ...rest, details }]);
  const keys = [...out.matchAll(/"(\w+)":/g)].map(([, key]) => key);
  assert.deepEqual(keys.slice(0, 5), [
    "action",
    "actor",
    "details",
    "password_change_required",
    "sessions_revoked",
  ]);
});

Deno.test("audit list passes its filters on, a plus in an offset too", async () => {
  await using api = new FakeApi();
  api.answerJson("[]");
  await api.run("audit", "list");
  const filters = ["--limit", "7", "--outcome", "deny", "--until", "2026-05-07T10:00:00Z"];
  await api.run("audit", "list", ...filters, "--since", "2026-05-07T10:00:00+02:00");
  assert.deepEqual(api.seen.map(({ target }) => target), [
    "/v1/audit?limit=100",
    "/v1/audit?limit=7&outcome=deny&since=2026-05-07T10%3A00%3A00%2B02%3A00" +
    "&until=2026-05-07T10%3A00%3A00Z",
  ]);
});

Deno.test("audit list exits 5 for users, and 2 for what the server need not be asked", async () => {
  await using api = new FakeApi();
  api.refuse(403, "role_required", "rbac: role_required");
  const refused = await api.run("audit", "list");
  assert.deepEqual([refused.code, refused.err], [
    5,
    "error: role_required (rbac: role_required)\n",
  ]);
  for (const wrong of [["--limit", "0"], ["--limit", "1001"], ["--outcome", "maybe"]]) {
    assert.equal((await api.run("audit", "list", ...wrong)).code, 2);
  }
  assert.equal(api.seen.length, 1);
});
