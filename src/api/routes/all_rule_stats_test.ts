import assert from "node:assert/strict";
import { ApiFixture } from "../../../tests/kit/api_fixture.ts";
import { statsReport } from "../../../tests/kit/messages.ts";
import { EDGE } from "../../../tests/kit/rule_fixture.ts";

Deno.test("GET /v1/rules/stats has the counters of every rule that the caller may see", async () => {
  using api = new ApiFixture();
  api.connect();
  for (const port of [1, 2, 3]) await api.push({ port });
  api.stats.record(EDGE, statsReport({ ruleId: 0n, bytesIn: 7n }));
  api.stats.record(EDGE, statsReport({ ruleId: 2n, bytesIn: 8n }));
  const shown = async (token: string) => {
    const { json } = await api.request("GET", "/v1/rules/stats", { token });
    return (json as unknown as { rule_id: bigint; bytes_in: bigint }[])
      .map((it) => [Number(it.rule_id), Number(it.bytes_in)]);
  };
  assert.deepEqual(await shown("root"), [[0, 7], [2, 8]]);
  assert.deepEqual(await shown("alice"), [[0, 7], [2, 8]]);
  assert.deepEqual(await shown("bob"), []);
  assert.equal((await api.request("PUT", "/v1/rules/stats", { json: {} })).status, 405);
});
