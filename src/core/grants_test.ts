import assert from "node:assert/strict";
import { checkPush, grantNames, isGranted } from "./grants.ts";
import type { Grant, PushRequest } from "./grants.ts";
import { portRange } from "./ports.ts";

const grant = (client: string, [start, end]: [number, number], protocols: Grant["protocols"]) => ({
  client,
  listen: portRange(start, end),
  protocols,
});
const edge = grant("edge", [30_000, 30_050], ["tcp"]);
const edgeNext = grant("edge", [30_051, 30_100], ["tcp"]);
const edgeUdp = grant("edge", [53, 53], ["udp"]);
const any = grant("*", [8_000, 8_000], ["tcp", "udp"]);

const push = (clientName: string, protocol: "tcp" | "udp", start: number, end = start) =>
  ({ clientName, protocol, listen: portRange(start, end) }) satisfies PushRequest;

Deno.test("checkPush() accepts what a single grant covers", () => {
  const grants = [edge, edgeNext, edgeUdp, any];
  const allowed = [push("edge", "tcp", 30_000), push("edge", "tcp", 30_000, 30_050)];
  allowed.push(push("edge", "tcp", 30_060), push("edge", "udp", 53), push("other", "udp", 8_000));
  for (const request of allowed) {
    checkPush(grants, request);
    assert.equal(isGranted(grants, request), true);
  }
});

Deno.test("checkPush() throws the first code that applies", () => {
  const cases: [grants: Grant[], request: PushRequest, code: string][] = [
    [[], push("edge", "tcp", 30_000), "client_not_granted"],
    [[edge], push("Edge", "tcp", 30_000), "client_not_granted"],
    [[edge], push("*", "tcp", 30_000), "client_not_granted"],
    [[edge], push("edge", "udp", 1), "protocol_not_granted"],
    [[edge], push("edge", "tcp", 29_999), "port_outside_grant"],
    [[edge], push("edge", "tcp", 30_050, 30_051), "port_outside_grant"],
    [[edge, edgeNext], push("edge", "tcp", 30_050, 30_051), "port_outside_grant"],
    [[edge, edgeUdp], push("edge", "udp", 30_000), "port_outside_grant"],
    [[edge, any], push("other", "tcp", 30_000), "port_outside_grant"],
  ];
  for (const [grants, request, code] of cases) {
    assert.throws(() => checkPush(grants, request), { code, message: `rbac: ${code}` });
    assert.equal(isGranted(grants, request), false);
  }
});

Deno.test("grantNames() takes the client's exact name or the wildcard", () => {
  assert.equal(grantNames(edge, "edge"), true);
  assert.equal(grantNames(edge, "edge-02"), false);
  assert.equal(grantNames(any, "edge-02"), true);
});
