import assert from "node:assert/strict";
import { FakeApi, runCommand } from "../../tests/kit/fake_api.ts";

const at = "2026-05-07T10:00:00Z";
const rule = {
  id: 12,
  client_id: "C1",
  client_name: "edge-01",
  listen_port: 18_080,
  target_host: "10.0.0.5",
  target_port: 8_080,
  prefer_ipv6: false,
  protocol: "tcp",
  state: { kind: "active" },
  created_at: at,
  last_state_change_at: at,
  owner_user_id: "alice",
  targets: [{ host: "10.0.0.5", port: 8_080, priority: 0, proxy_protocol: null, health: null }],
};
const targets = [
  { host: "a.local", port: 443, priority: 0, proxy_protocol: "v1", health: null },
  { host: "b.local", port: 443, priority: 1, proxy_protocol: null, health: null },
  { host: "c.local", port: 443, priority: 2, proxy_protocol: "v2", health: null },
];
const HEADER = "ID     CLIENT               PORT   TARGET                           " +
  "SNI/PROXY                CAPS               STATE     \n";

/** The data lines that `list-rules` prints. */
async function lines(...rules: readonly object[]): Promise<string[]> {
  await using api = new FakeApi();
  api.answerJson(JSON.stringify(rules));
  const { code, out } = await api.run("list-rules");
  assert.equal(code, 0);
  assert.ok(out.startsWith(HEADER), out);
  return out.slice(HEADER.length).split("\n").slice(0, -1);
}

Deno.test("list-rules prints a padded table, the client's name as it is", async () => {
  assert.deepEqual(await lines(), []);
  assert.deepEqual(await lines(rule, { ...rule, id: 1_234_567, client_name: "é" }), [
    "12     edge-01 18080  10.0.0.5:8080                    -                        -                  active    ",
    "1234567 é 18080  10.0.0.5:8080                    -                        -                  active    ",
  ]);
});

Deno.test("list-rules shows SNI, PROXY versions and state", async () => {
  const cell = async (part: object) => (await lines({ ...rule, ...part }))[0]?.slice(55);
  const tail = (sni: string) => `${sni.padEnd(24)} ${"-".padEnd(18)} active    `;
  assert.equal(await cell({ sni_pattern: "*.example.com" }), tail("*.example.com"));
  assert.equal(await cell({ targets }), tail("a.local:443=v1,c.local:443=v2"));
  assert.equal(
    await cell({ targets, sni_pattern: "x.y" }),
    tail("x.y | a.local:443=v1,c.local:443=v2"),
  );
  const state = async (value: object) =>
    (await lines({ ...rule, state: value }))[0]?.slice(55 + 24 + 1 + 18 + 1);
  assert.equal(await state({ kind: "pending" }), "pending   ");
  assert.equal(await state({ kind: "failed", reason: "port_in_use" }), "failed:port_in_use");
});

Deno.test("list-rules shortens caps downwards", async () => {
  const caps = async (rate_limit: object) =>
    (await lines({ ...rule, rate_limit }))[0]?.slice(80, 80 + 19).trimEnd();
  assert.equal(
    await caps({
      concurrent_connections: 5,
      new_connections_per_sec: 7,
      bandwidth_out_bps: 1_024,
      bandwidth_in_bps: 1_048_576,
    }),
    "↓1.0M·↑1K·7/s·≤5",
  );
  assert.equal(await caps({ bandwidth_in_bps: 1_023 }), "↓1023");
  assert.equal(await caps({ bandwidth_in_bps: 1_048_575 }), "↓1023K");
  assert.equal(await caps({ bandwidth_in_bps: 2_097_151 }), "↓1.9M");
  assert.equal(await caps({ bandwidth_in_burst: 5 }), "-");
});

Deno.test("list-rules pads by characters, not by their length in memory", async () => {
  const [line] = await lines({ ...rule, target_host: "😀", rate_limit: { bandwidth_in_bps: 1 } });
  assert.equal(
    line,
    `12     edge-01 18080  😀:8080${" ".repeat(26)} -${" ".repeat(24)}↓1${
      " ".repeat(17)
    }active    `,
  );
});

Deno.test("list-rules --format json keeps the order of the contract and drops what is not in it", async () => {
  await using api = new FakeApi();
  const rateLimit = `{"new_connections_burst":1,"bandwidth_in_bps":9223372036854775807}`;
  api.answerJson(
    `[${
      JSON.stringify({ ...rule, sni_pattern: "a.b", health_check_interval_secs: 5 }).slice(0, -1)
    },` +
      `"rate_limit":${rateLimit},"listen_port_end":18081,"news":1}]`,
  );
  const { out } = await api.run("list-rules", "--format", "json");
  assert.equal(
    out,
    `[
  {
    "id": 12,
    "client_id": "C1",
    "client_name": "edge-01",
    "listen_port": 18080,
    "listen_port_end": 18081,
    "target_host": "10.0.0.5",
    "target_port": 8080,
    "prefer_ipv6": false,
    "protocol": "tcp",
    "state": {
      "kind": "active"
    },
    "created_at": "${at}",
    "last_state_change_at": "${at}",
    "owner_user_id": "alice",
    "targets": [
      {
        "host": "10.0.0.5",
        "port": 8080,
        "priority": 0
      }
    ],
    "health_check_interval_secs": 5,
    "sni_pattern": "a.b",
    "rate_limit": {
      "bandwidth_in_bps": 9223372036854775807,
      "new_connections_burst": 1
    }
  }
]
`,
  );
  api.answerJson("[]");
  assert.equal((await api.run("list-rules", "--format", "json")).out, "[]\n");
});

Deno.test("list-rules --client asks for that name, whatever characters it has", async () => {
  await using api = new FakeApi();
  api.answerJson("[]");
  await api.run("list-rules");
  await api.run("list-rules", "--client", "a&b #/é");
  assert.deepEqual(api.seen.map(({ target }) => target), [
    "/v1/rules",
    "/v1/rules?client=a%26b%20%23%2F%C3%A9",
  ]);
});

Deno.test("push-rule sends what was given and prints the bare id", async () => {
  await using api = new FakeApi();
  api.answerJson(`{"rule_id":18446744073709551615}`, 201);
  const { code, out, err } = await api.run("push-rule", "edge 01", "18080", "10.0.0.5:8080");
  assert.deepEqual([code, out, err], [0, "18446744073709551615\n", ""]);
  await api.run(
    "push-rule",
    "--prefer-ipv6",
    "--protocol=UDP",
    "--ack-timeout",
    "18446744073709551615",
    "e",
    "30000-30001",
    "[::1]:40000-40001",
  );
  const [single, range] = api.seen;
  assert.deepEqual([single?.method, single?.target], ["POST", "/v1/rules"]);
  assert.equal(single?.headers.get("content-type"), "application/json");
  const expected = { client: "edge 01", listen_port: 18_080, protocol: "tcp", ack_timeout_secs: 2 };
  assert.deepEqual(JSON.parse(single?.body ?? ""), {
    ...expected,
    target_host: "10.0.0.5",
    target_port: 8_080,
  });
  assert.match(range?.body ?? "", /"ack_timeout_secs":18446744073709551615/);
  const { ack_timeout_secs: _, ...rest } = JSON.parse(range?.body ?? "");
  assert.deepEqual(rest, {
    client: "e",
    listen_port: 30_000,
    listen_port_end: 30_001,
    protocol: "UDP",
    target_host: "[::1]",
    target_port: 40_000,
    target_port_end: 40_001,
    prefer_ipv6: true,
  });
});

Deno.test("push-rule refuses what it can tell is wrong by itself, without a request", async () => {
  await using api = new FakeApi();
  const cases = [
    ["0", "h:1", 3, "error: invalid_target: 0\n"],
    ["x", "h:1", 3, "error: invalid_target: x\n"],
    ["2-1", "h:1", 3, "error: range_invalid: range_inverted: start=2 > end=1\n"],
    ["1", "h", 3, "error: invalid_target: h\n"],
    ["1", ":1", 3, "error: invalid_target: :1\n"],
    ["1", "::1:1", 3, /^error: invalid_target_host: .+\n$/],
    ["1", "a.-h:1", 3, /^error: invalid_target_host_label_hyphen: .+\n$/],
    ["1", `${"a".repeat(64)}:1`, 3, /^error: invalid_target_host_label_too_long: .+\n$/],
  ] as const;
  for (const [listen, target, exit, line] of cases) {
    const { code, err } = await api.run("push-rule", "e", listen, target);
    assert.equal(code, exit, err);
    if (typeof line === "string") assert.equal(err, line);
    else assert.match(err, line);
  }
  for (const args of [["push-rule", "e"], ["push-rule", "e", "1", "h:1", "--ack-timeout", "x"]]) {
    assert.equal((await api.run(...args)).code, 2);
  }
  assert.deepEqual(api.seen, []);
});

Deno.test("remove-rule deletes and prints nothing", async () => {
  await using api = new FakeApi();
  assert.deepEqual(await api.run("remove-rule", "7"), { code: 0, out: "", err: "" });
  assert.deepEqual(api.seen.map(({ method, target }) => `${method} ${target}`), [
    "DELETE /v1/rules/7",
  ]);
  for (const id of ["x", "18446744073709551616", "1.5"]) {
    assert.equal((await api.run("remove-rule", id)).code, 2);
  }
});

Deno.test("HTTP commands call 127.0.0.1:7080 unless told otherwise, and take the option once", async () => {
  const { out } = await runCommand(["list-rules", "--help"]);
  assert.match(out, /--http-endpoint <HOST:PORT>.+127\.0\.0\.1:7080/s);
  const twice = ["--http-endpoint", "a:1", "--http-endpoint", "b:1"];
  assert.equal((await runCommand(["list-rules", ...twice])).code, 2);
});
