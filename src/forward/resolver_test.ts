import assert from "node:assert/strict";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { orderAddresses, type Resolution, resolveTarget } from "./resolver.ts";

Deno.test("orderAddresses() puts one family first and keeps the order inside each", () => {
  const cases: [addresses: string[], preferIpv6: boolean, ordered: string[]][] = [
    [["::2", "192.0.2.1", "::1", "192.0.2.2"], false, ["192.0.2.1", "192.0.2.2", "::2", "::1"]],
    [["192.0.2.2", "::2", "192.0.2.1", "::1"], true, ["::2", "::1", "192.0.2.2", "192.0.2.1"]],
    [["192.0.2.1"], true, ["192.0.2.1"]],
    [["::1"], false, ["::1"]],
    [["192.0.2.1", "::1", "192.0.2.1", "::1"], false, ["192.0.2.1", "::1"]],
    [[], false, []],
  ];
  for (const [addresses, preferIpv6, ordered] of cases) {
    assert.deepEqual(orderAddresses(addresses, preferIpv6), ordered);
  }
});

const target = { hostname: "db.test", preferIpv6: true, ruleId: 7n };
const resolving = (source: Resolution["source"]) => ({
  resolve: () => Promise.resolve({ addresses: ["192.0.2.1", "::1"], source }),
});

Deno.test("resolveTarget() orders the addresses and logs a fresh resolution", async () => {
  const logger = new RecordingLogger();

  const resolved = await resolveTarget(target, { resolver: resolving("fresh"), logger });

  assert.deepEqual(resolved, { addresses: ["::1", "192.0.2.1"], stale: false });
  assert.deepEqual(logger.lines, [{
    level: "info",
    event: "rule.dns_resolved",
    fields: {
      rule_id: "7",
      hostname: "db.test",
      chosen_addr: "::1",
      addr_count: 2,
      prefer_ipv6: true,
    },
  }]);
});

Deno.test("resolveTarget() is silent about cached and stale answers, and marks the latter", async () => {
  const logger = new RecordingLogger();

  const cached = await resolveTarget(target, { resolver: resolving("cached"), logger });
  const stale = await resolveTarget(target, { resolver: resolving("stale"), logger });

  assert.deepEqual([cached.stale, stale.stale], [false, true]);
  assert.deepEqual(logger.lines, []);
});
