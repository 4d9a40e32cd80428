import assert from "node:assert/strict";
import { statsReport } from "./stats.ts";

Deno.test("statsReport() carries every rule's counters exactly", () => {
  const port = { listenPort: 1, bytesIn: 1n, bytesOut: 2n, activeConnections: 3 };
  const counters = {
    ruleId: 0n,
    bytesIn: 2n ** 64n - 1n,
    bytesOut: 5n,
    activeConnections: 6,
    perPort: [{ ...port, datagramsIn: 4n, datagramsOut: 5n }],
    dnsFailures: 7n,
    datagramsIn: 8n,
    datagramsOut: 9n,
    activeFlows: 10,
    flowsDroppedOverflow: 11n,
  };
  const { payload } = statsReport(1_778_148_000_123, [counters]);
  assert.equal(payload.case, "statsReport");
  const { sentAtUnixMs, stats } = payload.value as Extract<
    typeof payload,
    { case: "statsReport" }
  >["value"];
  assert.equal(sentAtUnixMs, 1_778_148_000_123n);
  const [{ $typeName: _, perPort, ...rest } = assert.fail()] = stats;
  assert.deepEqual({ ...rest, perPort: perPort.map(({ $typeName: _, ...it }) => it) }, {
    ...counters,
    targetFailoversTotal: 0n,
    perTarget: [],
    sniRouteExactTotal: 0n,
    sniRouteWildcardTotal: 0n,
    sniRouteFallbackTotal: 0n,
  });
});
