import assert from "node:assert/strict";
import { FakeApi } from "../../tests/kit/fake_api.ts";
import { FakeIo } from "../../tests/kit/fake_io.ts";
import { type RuleStatsFlags, watchStats } from "./rule_stats.ts";

const stats = (bytesIn: number) => ({
  rule_id: 12,
  client_name: "edge-01",
  bytes_in: bytesIn,
  bytes_out: 0,
  active_connections: 0,
  dns_failures: 0,
  datagrams_in: 0,
  datagrams_out: 0,
  active_flows: 0,
  flows_dropped_overflow: 0,
  target_failovers_total: 0,
  updated_at: "2026-05-07T10:00:05Z",
  protocol: "tcp",
});

/** Watches a rule that reports `reports` times and is then removed. */
async function watched(reports: number, flags: Partial<RuleStatsFlags> = {}, onTerminal = false) {
  await using api = new FakeApi();
  const io = new FakeIo({ PORTUNUS_OPERATOR_TOKEN: "sesame" });
  io.onTerminal = onTerminal;
  let left = reports;
  api.answer = () => {
    if (api.seen.at(-1)?.target.endsWith("/stream")) {
      const events = `: silence\n\n${`event: stats\ndata: {"x":1}\n\n`.repeat(reports)}`;
      return new Response(events, { headers: { "Content-Type": "text/event-stream" } });
    }
    if (left === 0) {
      return Response.json({ error: { code: "rule_not_found", message: "gone" } }, { status: 404 });
    }
    left -= 1;
    return Response.json(stats(reports - left));
  };
  const all = { httpEndpoint: api.endpoint, format: "text", ruleId: 12n, ...flags } as const;
  const error = await watchStats(all, io, new AbortController().signal).then(
    () => null,
    (it) => it,
  );
  return { lines: io.stdout, error, targets: api.seen.map(({ target }) => target) };
}

Deno.test("rule-stats --watch prints the counters with every report, until the rule is gone", async () => {
  const { lines, error, targets } = await watched(2, { perPort: true });
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /^rule_id=12 .* bytes_in=1 /);
  assert.match(lines[1] ?? "", /^rule_id=12 .* bytes_in=2 /);
  assert.deepEqual([error.message, error.exit], ["error: rule_not_found (gone)", 8]);
  assert.deepEqual(targets, [
    "/v1/rules/12/stats/stream",
    "/v1/rules/12/stats?per_port=true",
    "/v1/rules/12/stats?per_port=true",
    "/v1/rules/12/stats?per_port=true",
  ]);
});

Deno.test("rule-stats --watch prints JSON in one line each", async () => {
  const { lines } = await watched(2, { format: "json" });
  assert.deepEqual(lines.map((line) => JSON.parse(line).bytes_in), [1, 2]);
  assert.ok(lines.every((line) => !line.includes("\n")));
});

Deno.test("rule-stats --watch draws over what a terminal shows, and nowhere else", async () => {
  const clear = "\x1b[H\x1b[2J";
  assert.deepEqual((await watched(1)).lines.map((line) => line.includes(clear)), [false]);
  assert.deepEqual((await watched(1, {}, true)).lines.map((line) => line.startsWith(clear)), [
    true,
  ]);
});
