import assert from "node:assert/strict";
import { FakeApi } from "../../tests/kit/fake_api.ts";

const CLIENTS = [
  {
    client_id: "01JABCDEFGHJKMNPQRSTVWXYZ0",
    client_name: "edge-01",
    provisioned_at: "2026-05-07T10:00:00Z",
    revoked_at: null,
    connected: true,
    client_address: "edge.example",
    remote_addr: "203.0.113.9:51514",
    connected_at: "2026-05-07T11:00:00.500Z",
  },
  {
    client_id: "01JABCDEFGHJKMNPQRSTVWXYZ1",
    client_name: "e",
    provisioned_at: "2026-05-07T10:00:00Z",
    revoked_at: null,
    connected: false,
    client_address: "e.example",
    remote_addr: null,
    connected_at: null,
  },
  {
    client_id: "01JABCDEFGHJKMNPQRSTVWXYZ2",
    client_name: "f",
    provisioned_at: "2026-05-07T10:00:00Z",
    revoked_at: null,
    connected: false,
    client_address: null,
    remote_addr: null,
    connected_at: null,
  },
];

Deno.test("list-clients prints a padded table", async () => {
  await using api = new FakeApi();
  api.answerJson(JSON.stringify(CLIENTS));
  const { code, out, err } = await api.run("list-clients");
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(
    out,
    "CLIENT_ID                  NAME                 STATE        REMOTE_ADDR              CONNECTED_AT        \n" +
      "01JABCDEFGHJKMNPQRSTVWXYZ0 edge-01              connected    203.0.113.9:51514        2026-05-07T11:00:00.500+00:00\n" +
      "01JABCDEFGHJKMNPQRSTVWXYZ1 e                    disconnected e.example                -                   \n" +
      "01JABCDEFGHJKMNPQRSTVWXYZ2 f                    disconnected -                        -                   \n",
  );
  assert.deepEqual(api.seen.map(({ method, target }) => `${method} ${target}`), [
    "GET /v1/clients",
  ]);
});

Deno.test("list-clients --format json prints six members, sorted, nulls kept", async () => {
  await using api = new FakeApi();
  api.answerJson(JSON.stringify(CLIENTS.slice(0, 2)));
  const { out } = await api.run("list-clients", "--format=json");
  assert.equal(
    out,
    `[
  {
    "client_address": "edge.example",
    "client_id": "01JABCDEFGHJKMNPQRSTVWXYZ0",
    "client_name": "edge-01",
    "connected": true,
    "connected_at": "2026-05-07T11:00:00.500Z",
    "remote_addr": "203.0.113.9:51514"
  },
  {
    "client_address": "e.example",
    "client_id": "01JABCDEFGHJKMNPQRSTVWXYZ1",
    "client_name": "e",
    "connected": false,
    "connected_at": null,
    "remote_addr": null
  }
]
`,
  );
  for (const format of ["JSON", "yaml", ""]) {
    assert.equal((await api.run("list-clients", `--format=${format}`)).code, 2);
  }
});
