import assert from "node:assert/strict";
import { FakeApi, runCommand } from "../../tests/kit/fake_api.ts";

const ID = "01JABCDEFGHJKMNPQRSTVWXYZ0";

Deno.test("user-*, grant-* and credential-* send one request each", async () => {
  await using api = new FakeApi();
  api.answerJson("{}");
  const ports = ["--listen-port-start", "1", "--listen-port-end", "2"];
  const grantAdd = ["grant-add", "--user-id", "alice", "--client", "*", ...ports];
  const grant = `"user_id":"alice","client":"*","listen_port_start":1,"listen_port_end":2`;
  const cases: [args: string[], request: string, body?: string][] = [
    [
      ["user-add", "alice", "--display-name", "A L"],
      "POST /v1/users",
      `{"user_id":"alice","display_name":"A L","role":"user"}`,
    ],
    [
      ["user-add", "bob", "--display-name", "B", "--role", "admin"],
      "POST /v1/users",
      `{"user_id":"bob","display_name":"B","role":"superadmin"}`,
    ],
    [["user-list"], "GET /v1/users"],
    [["user-get", "a/b"], "GET /v1/users/a%2Fb"],
    [["user-remove", "alice"], "DELETE /v1/users/alice"],
    [grantAdd, "POST /v1/grants", `{${grant},"protocols":["tcp"]}`],
    [
      [...grantAdd, "--protocols", "udp,tcp", "--protocols", "x", "--note", "why"],
      "POST /v1/grants",
      `{${grant},"protocols":["udp","tcp","x"],"note":"why"}`,
    ],
    [["grant-list"], "GET /v1/grants"],
    [["grant-list", "--user-id", "a&b"], "GET /v1/grants?user_id=a%26b"],
    [["grant-revoke", ID], `DELETE /v1/grants/${ID}`],
    [["credential-issue", "alice"], "POST /v1/users/alice/credentials", "{}"],
    [
      ["credential-issue", "alice", "--label", "laptop"],
      "POST /v1/users/alice/credentials",
      `{"label":"laptop"}`,
    ],
    [["credential-list", "alice"], "GET /v1/users/alice/credentials"],
    [["credential-revoke", "alice", ID], `DELETE /v1/users/alice/credentials/${ID}`],
    [
      ["credential-rotate", "alice", ID],
      `POST /v1/users/alice/credentials/${ID}/rotate`,
      "{}",
    ],
  ];
  for (const [args, request, body = ""] of cases) {
    const { code, err } = await api.run(...args);
    assert.deepEqual([code, err], [0, ""], args.join(" "));
    const seen = api.seen.at(-1);
    assert.equal(`${seen?.method} ${seen?.target}`, request);
    assert.equal(seen?.body, body, args.join(" "));
  }
  assert.equal(api.seen.length, cases.length);
});

Deno.test("user-add reads the password from the first line of stdin", async () => {
  await using api = new FakeApi();
  api.answerJson("{}");
  const args = ["user-add", "alice", "--display-name", "A", "--password-stdin"];
  for (const stdin of ["correct horse", "correct horse\n", "correct horse\r\nmore"]) {
    const { code } = await runCommand(
      [...args, "--http-endpoint", api.endpoint],
      { PORTUNUS_OPERATOR_TOKEN: "sesame" },
      stdin,
    );
    assert.equal(code, 0);
    assert.match(api.seen.at(-1)?.body ?? "", /"initial_password":"correct horse"}$/);
  }
});

Deno.test("operator commands print the answer with sorted keys in both formats, or nothing", async () => {
  await using api = new FakeApi();
  api.answerJson(`{"user_id":"alice","display_name":"A","role":"user"}`);
  const pretty = `{\n  "display_name": "A",\n  "role": "user",\n  "user_id": "alice"\n}\n`;
  for (const format of [[], ["--format", "json"], ["--format", "text"]]) {
    const { out } = await api.run("user-get", "alice", ...format);
    assert.equal(out, pretty);
  }
  api.answer = () => new Response(null, { status: 204 });
  assert.deepEqual(await api.run("credential-revoke", "alice", ID), { code: 0, out: "", err: "" });
});

Deno.test("operator commands exit as the user family does", async () => {
  await using api = new FakeApi();
  const cases = [
    [409, "user_already_exists", 2],
    [409, "last_superadmin", 2],
    [422, "invalid_user_id", 3],
    [422, "password_too_short", 3],
    [401, "credential_invalid", 4],
    [403, "not_owner", 5],
    [403, "role_required", 5],
    [503, "bootstrap_required", 6],
    [404, "user_not_found", 8],
    [404, "credential_not_found", 8],
    [404, "grant_not_found", 8],
    [500, "store_error", 1],
  ] as const;
  for (const [status, error, exit] of cases) {
    api.refuse(status, error, `rbac: ${error}`);
    const { code, out, err } = await api.run("user-list");
    assert.deepEqual([code, out, err], [exit, "", `error: ${error} (rbac: ${error})\n`]);
  }
  const { code } = await runCommand(["user-list", "--http-endpoint", api.endpoint]);
  assert.equal(code, 4, "without a token");
});

Deno.test("operator commands want what they cannot do without", async () => {
  for (
    const args of [
      ["user-add", "alice"],
      ["user-get"],
      ["grant-add", "--user-id", "a", "--client", "b", "--listen-port-start", "1"],
      ["credential-revoke", "alice"],
      ["user-list", "--format", "yaml"],
    ]
  ) {
    assert.equal((await runCommand(args)).code, 2, args.join(" "));
  }
});
