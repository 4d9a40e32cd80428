import assert from "node:assert/strict";
import { parseMetrics, totalOf } from "./prometheus.ts";

const TEXT = `# HELP portunus_rule_bytes_in_total Bytes
# TYPE portunus_rule_bytes_in_total counter
portunus_rule_bytes_in_total{client="a \\"b\\" \\\\c",rule="1"} 100
portunus_rule_bytes_in_total{client="x,y=z",rule="2"} 1.5e3
portunus_clients_connected 2

nonsense
`;

Deno.test("parseMetrics() reads samples with their labels, and nothing else", () => {
  const samples = parseMetrics(TEXT);
  assert.deepEqual(samples.map(({ name, labels, value }) => [name, labels, value]), [
    ["portunus_rule_bytes_in_total", { client: 'a "b" \\c', rule: "1" }, 100],
    ["portunus_rule_bytes_in_total", { client: "x,y=z", rule: "2" }, 1500],
    ["portunus_clients_connected", {}, 2],
  ]);
  assert.equal(totalOf(samples, "portunus_rule_bytes_in_total"), 1600);
  assert.equal(totalOf(samples, "portunus_none"), 0);
});
