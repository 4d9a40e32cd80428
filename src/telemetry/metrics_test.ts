import assert from "node:assert/strict";
import { Metrics } from "./metrics.ts";

const labels = { rule: "0", owner: "alice", client: "edge-01" };

Deno.test("Metrics.render() has unlabelled metrics from the start and leaves out families without samples", async () => {
  const text = await new Metrics().render();
  assert.match(
    text,
    /^# HELP portunus_clients_connected .+\n# TYPE portunus_clients_connected gauge\nportunus_clients_connected 0\n/m,
  );
  assert.deepEqual(text.match(/^# TYPE .*$/gm), [
    "# TYPE portunus_audit_buffer_drops_total counter",
    "# TYPE portunus_audit_durable_writer_lag_seconds gauge",
    "# TYPE portunus_clients_connected gauge",
  ]);
});

Deno.test("Metrics.render() sorts families and labels by name and writes integers as integers", async () => {
  const metrics = new Metrics();
  metrics.setActiveConnections(labels, 3);
  metrics.ruleTraffic(labels, { bytesIn: 2n ** 53n - 1n, bytesOut: 0n, dnsFailures: 1n });
  metrics.operatorRequest("allow", "ok");
  metrics.authFailure("token_revoked");
  metrics.setClientsConnected(2);
  const text = await metrics.render();
  assert.ok(text.endsWith("\n") && !text.endsWith("\n\n"));
  assert.deepEqual(text.split("\n").filter((line) => line !== "" && !line.startsWith("#")), [
    `portunus_audit_buffer_drops_total 0`,
    `portunus_audit_durable_writer_lag_seconds 0`,
    `portunus_auth_failures_total{reason="token_revoked"} 1`,
    `portunus_clients_connected 2`,
    `portunus_operator_requests_total{outcome="allow",reason="ok"} 1`,
    `portunus_rule_active_connections{client="edge-01",owner="alice",rule="0"} 3`,
    `portunus_rule_bytes_in_total{client="edge-01",owner="alice",rule="0"} 9007199254740991`,
    `portunus_rule_dns_failures_total{client="edge-01",owner="alice",rule="0"} 1`,
  ]);
});

Deno.test("Metrics.render() escapes label values", async () => {
  const metrics = new Metrics();
  metrics.setActiveConnections({ ...labels, client: `a"b\\c\nd` }, 1);
  assert.match(await metrics.render(), /\{client="a\\"b\\\\c\\nd",owner=/);
});
