import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { SampleRepository } from "../../store/traffic_samples.ts";

const ID = "01JABCDEFGHJKMNPQRSTVWXYZ0";
const OTHER = "01JABCDEFGHJKMNPQRSTVWXYZ1";
const NOW = 1_767_225_600;
const SPAN = `from=${NOW}&to=${NOW + 120}`;

const USER = "/v1/users/alice/traffic";
const CLIENT = `/v1/clients/${ID}/traffic`;
const GLOBAL = "/v1/traffic/global";

/** Adds to a minute of a user and a client. */
function add(api: ApiFixture, userId: string, clientId: string, minute: number, bytes: bigint) {
  new SampleRepository(api.db.store).add(BigInt(NOW + minute * 60), {
    userId,
    clientId,
    clientName: "edge-03",
    bytesIn: bytes,
    bytesOut: 1n,
  });
}

Deno.test("GET …/traffic sums per bucket what is asked for", async () => {
  using api = new ApiFixture();
  add(api, "alice", ID, 0, 1n);
  add(api, "alice", OTHER, 0, 10n);
  add(api, "bob", ID, 0, 100n);
  add(api, "bob", ID, 1, 2n ** 62n);
  add(api, "alice", ID, 2, 7n);
  assert.deepEqual((await api.get(`${USER}?${SPAN}`)).json, {
    bucket: "1m",
    samples: [{ ts: NOW, bytes_in: 11, bytes_out: 2 }],
    total_bytes_in: 11,
    total_bytes_out: 2,
  });
  assert.deepEqual((await api.get(`${GLOBAL}?${SPAN}`)).json, {
    bucket: "1m",
    samples: [
      { ts: NOW, bytes_in: 111, bytes_out: 3 },
      { ts: NOW + 60, bytes_in: 2n ** 62n, bytes_out: 1 },
    ],
    total_bytes_in: 2n ** 62n + 111n,
    total_bytes_out: 4,
  });
  const totalOf = async (path: string) =>
    ((await api.get(path)).json as { total_bytes_in: number }).total_bytes_in;
  assert.equal(await totalOf(`${USER}?${SPAN}&client_id=${OTHER.toLowerCase()}`), 10);
  assert.equal(await totalOf(`${CLIENT}?${SPAN}&user_id=alice`), 1);
  assert.equal(await totalOf(`${CLIENT}?from=${NOW}&to=${NOW + 60}`), 101);
  assert.equal(await totalOf(`${CLIENT}?${SPAN}&user_id=nobody`), 0);
  assert.equal(await totalOf(`/v1/clients/71JABCDEFGHJKMNPQRSTVWXYZ0/traffic?${SPAN}`), 0);
});

Deno.test("GET …/traffic answers by the hour for more than a day, or when it is told to", async () => {
  using api = new ApiFixture();
  const bucketOf = async (query: string) =>
    ((await api.get(`${GLOBAL}?${query}`)).json as { bucket: string }).bucket;
  assert.equal(await bucketOf(`from=${NOW}&to=${NOW + 86_400}`), "1m");
  assert.equal(await bucketOf(`from=${NOW}&to=${NOW + 86_401}`), "1h");
  assert.equal(await bucketOf(`${SPAN}&bucket=1h`), "1h");
  assert.equal(await bucketOf(`from=${NOW}&to=9223372036854775807&bucket=1m`), "1m");
});

Deno.test("GET …/traffic is for the user, or for superadmins", async () => {
  using api = new ApiFixture();
  assert.equal((await api.get(`${USER}?${SPAN}`, "alice")).status, 200);
  const wrong = "from=5&to=1";
  assert.equal((await api.get(`${USER}?${wrong}&client_id=x`, "bob")).error, "403 not_owner");
  assert.equal((await api.get(`${CLIENT}?${wrong}`, "alice")).error, "403 role_required");
  assert.equal((await api.get(`${GLOBAL}?${wrong}`, "alice")).error, "403 role_required");
  for (const path of [USER, CLIENT, GLOBAL]) {
    const answer = await api.request("GET", `${path}?${SPAN}`, { token: null });
    assert.equal(answer.error, "401 unauthenticated");
  }
});

Deno.test("GET …/traffic refuses, the first reason first", async () => {
  using api = new ApiFixture();
  const refused: readonly [path: string, query: string, error: string][] = [
    [USER, "from=5&to=1&client_id=x", "404 client_not_found"],
    ["/v1/clients/x/traffic", "from=5&to=1", "404 client_not_found"],
    [GLOBAL, "from=-1&to=1&bucket=x", "400 invalid_time_range"],
    [GLOBAL, "from=5&to=5&bucket=x", "400 invalid_time_range"],
    [GLOBAL, "from=5&to=1&bucket=x", "400 invalid_time_range"],
    [GLOBAL, "from=0&to=1&bucket=x", "400 invalid_bucket"],
    [GLOBAL, "from=0&to=1&bucket=", "400 invalid_bucket"],
    [GLOBAL, "from=0&to=1", "422 traffic_bucket_out_of_retention"],
    [
      GLOBAL,
      `from=${NOW - 604_801}&to=${NOW}&bucket=1m`,
      "422 traffic_bucket_out_of_retention",
    ],
    [
      GLOBAL,
      `from=${NOW - 7_776_001}&to=${NOW}&bucket=1h`,
      "422 traffic_bucket_out_of_retention",
    ],
  ];
  for (const [path, query, error] of refused) {
    assert.equal((await api.get(`${path}?${query}`)).error, error, `${path}?${query}`);
  }
});

Deno.test("GET …/traffic wants from and to as integers, once, before anything else", async () => {
  using api = new ApiFixture();
  for (
    const query of [
      "",
      `from=${NOW}`,
      `to=${NOW}`,
      "from=&to=1",
      "from=1.0&to=2",
      "from=1e3&to=2",
      "from=0x1&to=2",
      "from=a&to=b",
      "from=9223372036854775808&to=1",
      "from=1&to=-9223372036854775809",
      `from=${NOW}&from=${NOW}&to=${NOW + 1}`,
      `${SPAN}&bucket=1m&bucket=1m`,
    ]
  ) {
    for (const path of [USER, CLIENT, GLOBAL]) {
      const answer = await api.get(`${path}?${query}`, "bob");
      assert.equal(answer.status, 400, query);
      assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8", query);
    }
  }
  assert.equal((await api.get(`${USER}?${SPAN}&client_id=${ID}&client_id=${ID}`)).status, 400);
  assert.equal((await api.get(`${CLIENT}?${SPAN}&user_id=a&user_id=a`)).status, 400);
  assert.equal((await api.get(`${GLOBAL}?${SPAN}&other=1&other=2`)).status, 200);
});

Deno.test("GET …/traffic answers 500 when the store fails", async () => {
  using api = new ApiFixture();
  api.db.store.db.exec("ALTER TABLE traffic_samples_1m RENAME TO gone");
  assert.equal((await api.get(`${GLOBAL}?${SPAN}`)).error, "500 store_error");
});
