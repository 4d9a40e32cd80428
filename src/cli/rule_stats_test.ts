import assert from "node:assert/strict";
import { FakeApi } from "../../tests/kit/fake_api.ts";

const STATS = {
  rule_id: 12,
  client_name: "edge-01",
  bytes_in: 1_234,
  bytes_out: 5_678,
  active_connections: 2,
  dns_failures: 3,
  datagrams_in: 4,
  datagrams_out: 5,
  active_flows: 6,
  flows_dropped_overflow: 7,
  target_failovers_total: 8,
  updated_at: "2026-05-07T10:00:05.999Z",
  protocol: "tcp",
};
const PORT = {
  listen_port: 30_000,
  bytes_in: 1,
  bytes_out: 2,
  active_connections: 3,
  datagrams_in: 4,
  datagrams_out: 5,
  updated_at: STATS.updated_at,
};
const TARGET = {
  index: 0,
  host: "a.local",
  port: 443,
  priority: 1,
  health: 0,
  consecutive_failures: 2,
  last_failure_at_unix_ms: 3,
  last_success_at_unix_ms: 4,
  bytes_in: 5,
  bytes_out: 6,
  connections_accepted: 7,
};
const TCP_LINE = "rule_id=12 client=edge-01 protocol=tcp bytes_in=1234 bytes_out=5678 active=2 " +
  "dns_failures=3 target_failovers_total=8 updated_at=2026-05-07T10:00:05Z\n";
const UDP_LINE = "rule_id=12 client=edge-01 protocol=udp bytes_in=1234 bytes_out=5678 " +
  "active_flows=6 datagrams_in=4 datagrams_out=5 flows_dropped_overflow=7 dns_failures=3 " +
  "updated_at=2026-05-07T10:00:05Z\n";

async function print(stats: object, ...args: readonly string[]): Promise<string> {
  await using api = new FakeApi();
  api.answerJson(JSON.stringify(stats));
  const { code, out, err } = await api.run("rule-stats", "12", ...args);
  assert.deepEqual([code, err], [0, ""]);
  return out;
}

Deno.test("rule-stats prints one line, another for UDP", async () => {
  assert.equal(await print(STATS), TCP_LINE);
  assert.equal(await print({ ...STATS, protocol: "udp" }), UDP_LINE);
});

Deno.test("rule-stats adds a table of targets when the answer has them", async () => {
  assert.equal(
    await print({ ...STATS, per_target: [] }),
    `${TCP_LINE}(single-target rule, no per-target state)\n`,
  );
  assert.equal(
    await print({ ...STATS, per_target: [TARGET, { ...TARGET, index: 1, health: 1 }] }),
    TCP_LINE +
      "IDX HOST                     PORT   PRIO HEALTH   FAILS BYTES_IN       BYTES_OUT      CONNS \n" +
      "0   a.local                  443    1    Healthy  2     5              6              7     \n" +
      "1   a.local                  443    1    Failed   2     5              6              7     \n",
  );
});

Deno.test("rule-stats adds a table of ports when the answer has them, another for UDP", async () => {
  assert.equal(
    await print({ ...STATS, per_port: [PORT] }),
    TCP_LINE +
      "PORT     BYTES_IN       BYTES_OUT      ACTIVE  \n" +
      "30000    1              2              3       \n",
  );
  assert.equal(
    await print({ ...STATS, protocol: "udp", per_port: [PORT] }),
    UDP_LINE +
      "PORT     BYTES_IN       BYTES_OUT      DATAGRAMS_IN   DATAGRAMS_OUT \n" +
      "30000    1              2              4              5             \n",
  );
});

Deno.test("rule-stats --format json sorts keys, names health and keeps integers exact", async () => {
  await using api = new FakeApi();
  const stats = { ...STATS, news: 1, per_port: [PORT], per_target: [{ ...TARGET, health: 9 }] };
  api.answerJson(
    JSON.stringify(stats).replace(`"bytes_in":1234`, `"bytes_in":18446744073709551615`),
  );
  const { out } = await api.run("rule-stats", "12", "--format", "json");
  const keys = [...out.matchAll(/^ {2}"(\w+)": /gm)].map(([, key]) => key);
  assert.deepEqual(keys, [
    "active_connections",
    "active_flows",
    "bytes_in",
    "bytes_out",
    "client_name",
    "datagrams_in",
    "datagrams_out",
    "dns_failures",
    "flows_dropped_overflow",
    "per_port",
    "per_target",
    "protocol",
    "rule_id",
    "target_failovers_total",
    "updated_at",
  ]);
  assert.match(out, /"bytes_in": 18446744073709551615,\n/);
  assert.match(out, /"health": "Failed",\n/);
  const { per_port } = JSON.parse(out) as { per_port: object[] };
  assert.deepEqual(Object.keys(per_port[0] ?? {}), [
    "active_connections",
    "bytes_in",
    "bytes_out",
    "datagrams_in",
    "datagrams_out",
    "listen_port",
  ]);
});

Deno.test("rule-stats asks for ports and targets only when told to", async () => {
  await using api = new FakeApi();
  api.answerJson(JSON.stringify(STATS));
  for (const args of [[], ["--per-port"], ["--per-target"], ["--per-target", "--per-port"]]) {
    await api.run("rule-stats", "12", ...args);
  }
  assert.deepEqual(api.seen.map(({ target }) => target), [
    "/v1/rules/12/stats",
    "/v1/rules/12/stats?per_port=true",
    "/v1/rules/12/stats?per_target=true",
    "/v1/rules/12/stats?per_port=true&per_target=true",
  ]);
  api.refuse(404, "rule_not_found");
  const { code, err } = await api.run("rule-stats", "12");
  assert.deepEqual([code, err], [8, "error: rule_not_found (rule_not_found)\n"]);
});
