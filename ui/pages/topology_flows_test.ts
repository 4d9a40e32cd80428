import assert from "node:assert/strict";
import type { Client, Rule } from "../api/types.ts";
import { flowOf, overviewOf, thickness } from "./topology_flows.ts";

const UP = { client_id: "c1", client_name: "edge", connected: true } as Client;

const rule = (id: number, client_id: string, ...targets: [host: string, healthy?: boolean][]) =>
  ({
    id,
    client_id,
    client_name: client_id,
    target_host: targets[0]?.[0],
    state: { kind: "active" },
    targets: targets.map(([host, healthy], priority) => ({
      host,
      priority,
      health: healthy === undefined ? null : { healthy },
    })),
  }) as unknown as Rule;

const reading = (rate: number) => ({
  atMs: 0,
  seenMs: 0,
  bytesIn: 0,
  bytesOut: 0,
  active: 0,
  rate: { in: rate, out: 0 },
});

Deno.test("flowOf() follows failover, and knows what is closed, down, busy or idle", () => {
  const none = new Map();
  const failedOver = flowOf(rule(1, "c1", ["a", false], ["b", true]), UP, none);
  assert.deepEqual([failedOver.host, failedOver.state], ["b", "idle"]);
  assert.equal(flowOf(rule(1, "c1", ["a", false]), UP, none).state, "down");
  assert.equal(flowOf(rule(1, "c1", ["a"]), { ...UP, connected: false }, none).state, "off");
  assert.equal(flowOf(rule(1, "c1", ["a"]), undefined, none).state, "off");
  assert.equal(flowOf(rule(1, "c1", ["a"]), UP, new Map([[1, reading(5)]])).state, "busy");
});

Deno.test("overviewOf() sums up by client and host, and leaves nothing out", () => {
  const readings = new Map([[0, reading(10)], [1, reading(20)], [2, reading(5)]]);
  const flows = [
    flowOf(rule(0, "c1", ["a"]), UP, readings),
    flowOf(rule(1, "c1", ["b"]), UP, readings),
    flowOf(rule(2, "c2", ["c"]), UP, readings),
    flowOf(rule(3, "c2", ["d", false]), UP, readings),
  ];
  const { clients, hosts, edges } = overviewOf(flows, 2);
  assert.deepEqual(clients.map((it) => [it.label, it.rules, it.rate]), [["c1", 2, 30], [
    "c2",
    2,
    5,
  ]]);
  assert.deepEqual(hosts.map((it) => [it.label, it.rules, it.rate]), [["b", 1, 20], ["", 3, 15]]);
  assert.deepEqual(edges, [
    { from: 0, to: 1, rate: 10, hasProblem: false },
    { from: 0, to: 0, rate: 20, hasProblem: false },
    { from: 1, to: 1, rate: 5, hasProblem: true },
  ]);
});

Deno.test("thickness() grows with every tenfold rate, within bounds", () => {
  assert.equal(thickness(0), 1.5);
  assert.equal(thickness(100), 3.5);
  assert.equal(thickness(1e30), 11);
});
