import assert from "node:assert/strict";
import { FakeApi } from "../../tests/kit/fake_api.ts";

const STATUS = {
  status: "PROVISIONING",
  domain: "example.com",
  email: "ops@example.com",
  public_ip: "192.0.2.10",
  provision: {
    running: false,
    tasks: [
      { task: "listeners", title: "Listen", status: "done", message: "HTTP on 0.0.0.0:80" },
      { task: "acme-account", title: "Register", status: "error", message: "rateLimited: wait" },
      { task: "issue-certs", title: "Get", status: "pending", message: null },
    ],
  },
};

const CERTIFICATES = [{
  host: "app.example.com",
  status: "valid",
  source: "acme",
  not_after: "2026-08-05T10:00:00Z",
  last_error: null,
  next_attempt: null,
}, {
  host: "blog.example.com",
  status: "failed",
  source: null,
  not_after: null,
  last_error: "dns: no A record",
  next_attempt: "2026-05-07T10:00:00Z",
}];

Deno.test("publish-status shows the stage, the last run and the certificates", async () => {
  await using api = new FakeApi();
  const answers = [STATUS, CERTIFICATES];
  api.answer = () => new Response(JSON.stringify(answers.shift()));
  const { code, out, err } = await api.run("publish-status");
  assert.equal(code, 0, err);
  assert.deepEqual(out.split("\n").map((line) => line.trimEnd()), [
    "status      PROVISIONING",
    "domain      example.com",
    "email       ops@example.com",
    "public_ip   192.0.2.10",
    "task        listeners done: HTTP on 0.0.0.0:80",
    "task        acme-account error: rateLimited: wait",
    "",
    "HOST                             CERTIFICATE SOURCE   ENDS                     LAST ERROR",
    "app.example.com                  valid       acme     2026-08-05T10:00:00Z     -",
    "blog.example.com                 failed      -        -                        dns: no A record",
    "",
  ]);
  assert.deepEqual(api.seen.map(({ method, target }) => `${method} ${target}`), [
    "GET /v1/publish/status",
    "GET /v1/publish/certificates",
  ]);
});
