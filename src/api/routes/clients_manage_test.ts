import assert from "node:assert/strict";
import { ApiFixture, messageOf } from "../../../tests/kit/api_fixture.ts";
import { ruleInput } from "../../../tests/kit/rules.ts";
import { statusMessage, updateOf } from "../../../tests/kit/messages.ts";

const ID = "01JABCDEFGHJKMNPQRSTVWXYZ0";
const UNKNOWN = "71JABCDEFGHJKMNPQRSTVWXYZ0";

function edge(api: ApiFixture, revoked = false): void {
  api.db.addClient({ clientId: ID, clientName: "edge-03", revoked });
}

Deno.test("PUT /v1/clients/{id} stores a normalised address and answers with the client", async () => {
  using api = new ApiFixture();
  edge(api);
  const answer = await api.request("PUT", `/v1/clients/${ID}`, {
    json: { address: " Edge.Example. " },
  });
  assert.equal(answer.status, 200);
  assert.equal((answer.json as { client_address: string }).client_address, "edge.example");
  assert.equal(api.clients.get(ID)?.clientAddress, "edge.example");
});

Deno.test("PATCH /v1/clients/{id}/name renames the client, its session and its rules", async () => {
  using api = new ApiFixture();
  edge(api);
  const { session } = api.connect({ clientId: ID, clientName: "edge-03" });
  const input = { ...ruleInput({ port: 8080 }), clientName: "edge-03" };
  const pushed = api.rules.push(input, "bob", 2_000);
  const { value } = await session.outbound[Symbol.asyncIterator]().next();
  const { requestId, rule } = updateOf(value ?? undefined);
  const status = statusMessage({ requestId, ruleId: rule?.ruleId ?? 0n }).payload;
  assert.equal(status.case, "ruleStatus");
  if (status.case === "ruleStatus") api.rules.onStatus(session, status.value);
  await pushed;

  const answer = await api.request("PATCH", `/v1/clients/${ID}/name`, {
    json: { client_name: "edge ü" },
  });
  assert.equal(answer.status, 200);
  assert.equal((answer.json as { client_name: string }).client_name, "edge ü");
  assert.equal(session.clientName, "edge ü");
  assert.deepEqual(api.rules.list().map(({ clientName }) => clientName), ["edge ü"]);
  assert.equal(
    (await api.get("/v1/rules?client=edge%20%C3%BC")).text.includes('"client_name":"edge ü"'),
    true,
  );
});

Deno.test("DELETE /v1/clients/{id} needs a revoked client, once", async () => {
  using api = new ApiFixture();
  edge(api);
  const active = await api.request("DELETE", `/v1/clients/${ID}`);
  assert.equal(active.error, "409 client_not_revoked");
  assert.equal(messageOf(active), "client_not_revoked: edge-03");
  assert.equal((await api.request("POST", `/v1/clients/${ID}/revoke`)).status, 204);
  assert.equal((await api.request("DELETE", `/v1/clients/${ID}`)).status, 204);
  assert.equal((await api.request("DELETE", `/v1/clients/${ID}`)).error, "404 client_not_found");
});

Deno.test("managing clients: role, then id, then value, then existence", async () => {
  using api = new ApiFixture();
  const calls = [
    ["PUT", "", { address: "http://x" }, "400 invalid_client_address"],
    ["PATCH", "/name", { client_name: " " }, "400 invalid_name"],
    ["DELETE", "", undefined, "404 client_not_found"],
  ] as const;
  for (const [method, action, json, wrong] of calls) {
    const call = (id: string, token = "root") =>
      api.request(method, `/v1/clients/${id}${action}`, { token, ...(json ? { json } : {}) });
    assert.equal((await call("x", "alice")).error, "403 role_required");
    assert.equal((await call("x")).error, "404 client_not_found");
    assert.equal((await call(UNKNOWN)).error, wrong);
  }
  const absent = (action: string, method: string, json: { [key: string]: string }) =>
    api.request(method, `/v1/clients/${UNKNOWN}${action}`, { json });
  assert.equal((await absent("", "PUT", { address: "a.example" })).error, "404 client_not_found");
  assert.equal(
    (await absent("/name", "PATCH", { client_name: "a" })).error,
    "404 client_not_found",
  );
});
