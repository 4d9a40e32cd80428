import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";

const ID = "01JABCDEFGHJKMNPQRSTVWXYZ0";
const NEW = { name: "edge-09", address: "edge.example" };

Deno.test("GET /v1/clients lists clients by name with every member", async () => {
  using api = new ApiFixture();
  api.db.addClient({ clientId: ID, clientName: "a", revoked: true, address: "a.example" });
  api.clock.advance(1_500);
  api.connect();
  const never = { revoked_at: null, client_address: null, remote_addr: null, connected_at: null };
  const at = "2026-01-01T00:00:00Z";
  assert.deepEqual((await api.get("/v1/clients")).json, [
    {
      client_id: ID,
      client_name: "a",
      provisioned_at: at,
      connected: false,
      ...never,
      revoked_at: at,
      client_address: "a.example",
    },
    {
      client_id: "C1",
      client_name: "edge-01",
      provisioned_at: at,
      connected: true,
      ...never,
      remote_addr: "203.0.113.9:51514",
      connected_at: "2026-01-01T00:00:01.500Z",
    },
    { client_id: "C2", client_name: "edge-02", provisioned_at: at, connected: false, ...never },
  ]);
});

Deno.test("GET /v1/clients shows users the clients their grants name", async () => {
  using api = new ApiFixture();
  const names = async () =>
    ((await api.get("/v1/clients", "alice")).json as { client_name: string }[])
      .map(({ client_name }) => client_name);
  assert.deepEqual(await names(), []);
  const grant = (client: string) =>
    ({ client, listen: { start: 1, end: 1 }, protocols: ["tcp"] }) as const;
  api.operators.grants.set("alice", [grant("edge-02"), grant("gone")]);
  assert.deepEqual(await names(), ["edge-02"]);
  api.operators.grants.set("alice", [grant("*")]);
  assert.deepEqual(await names(), ["edge-01", "edge-02"]);
});

Deno.test("POST /v1/clients/{id}/revoke ends the session, takes no body and is idempotent", async () => {
  using api = new ApiFixture();
  api.db.addClient({ clientId: ID, clientName: "edge-03" });
  const { session } = api.connect({ clientId: ID, clientName: "edge-03" });
  for (const id of [ID, ID.toLowerCase()]) {
    const answer = await api.request("POST", `/v1/clients/${id}/revoke`);
    assert.deepEqual([answer.status, answer.text], [204, ""]);
  }
  assert.equal(session.cancelled.aborted, true);
  assert.ok(api.clients.get(ID)?.revokedAt);
});

Deno.test("revoking and enrolling are for superadmins, and need a client that exists", async () => {
  using api = new ApiFixture();
  const unknown = ID.replace("0", "7");
  for (const action of ["revoke", "enrollment"]) {
    const post = (id: string, token?: string) => api.post(`/v1/clients/${id}/${action}`, {}, token);
    const user = await post("x", "alice");
    assert.equal(user.error, "403 role_required");
    assert.equal(messageOf(user), "superadmin only");
    const malformed = await post("x");
    assert.equal(malformed.error, "404 client_not_found");
    assert.equal(messageOf(malformed), "client_not_found: invalid client id");
    const absent = await post(unknown);
    assert.equal(absent.error, "404 client_not_found");
    assert.equal(messageOf(absent), `client_not_found: ${unknown}`);
  }
  const user = await api.post("/v1/client-enrollments", { name: "", address: "" }, "alice");
  assert.equal(user.error, "403 role_required");
});

Deno.test("POST /v1/client-enrollments makes a code and derives the endpoint from Host", async () => {
  using api = new ApiFixture();
  const answer = await api.request("POST", "/v1/client-enrollments", {
    json: { ...NEW, ttl_secs: 60 },
    headers: { Host: "public.example:7080" },
  });
  assert.equal(answer.status, 201);
  const { uri, command, ...rest } = answer.json as Record<string, string>;
  assert.deepEqual(rest, { client_name: "edge-09", expires_at: "2026-01-01T00:01:00+00:00" });
  assert.match(
    String(uri),
    /^portunus:\/\/public\.example:7443\/enroll\?pin=sha256:(ab){32}&code=[\w-]{43}$/,
  );
  assert.equal(command, `portunus-client enroll '${uri}'`);
  const code = String(uri).slice(-43);
  assert.ok(api.logger.lines.length > 0);
  assert.ok(!api.logger.text().includes(code), "the code is in the answer and nowhere else");
  assert.equal(((await api.get("/v1/clients")).json as unknown[]).length, 2);
});

Deno.test("POST /v1/client-enrollments needs name and address, and checks them in order", async () => {
  using api = new ApiFixture();
  const post = (body: Record<string, string | number | bigint | null>) =>
    api.post("/v1/client-enrollments", body);
  for (const body of [{}, { name: "a" }, { ...NEW, address: null }, { ...NEW, ttl_secs: -1 }]) {
    assert.equal((await post(body)).status, 422, JSON.stringify(body));
  }
  assert.equal((await post({ name: " ", address: "", ttl_secs: 0 })).error, "400 invalid_name");
  const ttl = await post({ ...NEW, address: "", ttl_secs: 86_401 });
  assert.equal(ttl.error, "400 invalid_enrollment_ttl");
  assert.equal(messageOf(ttl), "invalid_enrollment_ttl: 86401 seconds out of range (1..=86400)");
  assert.equal(
    (await post({ ...NEW, ttl_secs: 2n ** 64n - 1n })).error,
    "400 invalid_enrollment_ttl",
  );
  assert.equal((await post({ ...NEW, address: "http://x" })).error, "400 invalid_client_address");
  const byDefault = (await post({ ...NEW, ttl_secs: null })).json as { expires_at: string };
  assert.equal(byDefault.expires_at, "2026-01-01T00:10:00+00:00");
});

Deno.test("POST /v1/clients/{id}/enrollment makes a code for a client that exists", async () => {
  using api = new ApiFixture();
  api.db.addClient({ clientId: ID, clientName: "edge-03" });
  const path = `/v1/clients/${ID}/enrollment`;
  assert.equal((await api.request("POST", path)).status, 415, "a body is needed");
  const answer = await api.post(path, {});
  assert.equal(answer.status, 201);
  assert.equal((answer.json as { client_name: string }).client_name, "edge-03");
  assert.equal((await api.post(path, { ttl_secs: 0 })).error, "400 invalid_enrollment_ttl");
});

Deno.test("enrolling resolves the endpoint last, after all that the body says", async () => {
  using api = new ApiFixture();
  api.db.addClient({ clientId: ID, clientName: "edge-03" });
  const post = async (path: string, json: { [key: string]: string | number }) =>
    (await api.post(path, json)).error;
  for (
    const [override, unusable] of [
      ["gone.example:1", "422 endpoint_not_in_cert_san"],
      ["no endpoint", "422 endpoint_invalid"],
    ] as const
  ) {
    api.db.store.db.run("UPDATE server_settings SET advertised_endpoint = ?", override);
    const fresh = "/v1/client-enrollments";
    assert.equal(await post(fresh, { ...NEW, address: "http://x" }), "400 invalid_client_address");
    assert.equal(await post(fresh, NEW), unusable);
    const again = (id: string) => `/v1/clients/${id}/enrollment`;
    assert.equal(await post(again(ID.replace("0", "7")), { ttl_secs: 0 }), "404 client_not_found");
    assert.equal(await post(again(ID), { ttl_secs: 0 }), "400 invalid_enrollment_ttl");
    assert.equal(await post(again(ID), {}), unusable);
  }
});
