import assert from "node:assert/strict";
import {
  gateForOwnerCap,
  gateForProtocol,
  gateForPush,
  gateForQuota,
  gateForReplay,
} from "./capabilities.ts";
import type { ClientCapabilities, GatedRule } from "./capabilities.ts";

const plain: GatedRule = { protocol: "tcp", targets: [], sniPattern: null, limits: null };
const target = { host: "a", port: 1, priority: 0, proxyProtocol: null };
const two = { ...plain, targets: [target, target] };
const sni = { ...plain, sniPattern: "a.b" };
const proxy = { ...plain, targets: [{ ...target, proxyProtocol: "v2" as const }] };
const capped = { ...plain, limits: { concurrentConnections: 1 } };

function client(version: string | null): ClientCapabilities {
  return { name: "edge-01", version, protocols: new Set(["tcp", "udp"]) };
}

const gates = [
  { rule: two, code: "multi_target_unsupported_by_client", least: "0.7.0", old: "0.6.9" },
  { rule: sni, code: "sni_unsupported_by_client", least: "0.9.0", old: "0.8.12" },
  { rule: proxy, code: "proxy_protocol_unsupported_by_client", least: "0.10.0", old: "0.9.99" },
  { rule: capped, code: "rate_limit_unsupported_by_client", least: "0.11.0", old: "0.10.1" },
];

Deno.test("gateForPush() and gateForReplay() compare the client's version", () => {
  for (const { rule, code, least, old } of gates) {
    const message = `${code}: client edge-01 (version ${old}) requires >= ${least}`;
    for (const gate of [gateForPush, gateForReplay]) {
      assert.equal(gate(rule, client(old))?.message, message);
      assert.equal(gate(rule, client(old))?.code, code);
      for (const version of [least, `${least}-rc.1`, "1.0.0", "3.1.0"]) {
        assert.equal(gate(rule, client(version)), null);
      }
    }
  }
});

Deno.test("gateForPush() lets an unknown version pass for lists and SNI only", () => {
  assert.equal(gateForPush(two, client(null)), null);
  assert.equal(gateForPush(sni, client(null)), null);
  assert.equal(
    gateForPush(proxy, client(null))?.message,
    "proxy_protocol_unsupported_by_client: client edge-01 (version unknown) requires >= 0.10.0",
  );
  assert.equal(
    gateForPush(capped, client(null))?.message,
    "rate_limit_unsupported_by_client: client edge-01 (version unknown) requires >= 0.11.0",
  );
});

Deno.test("gateForReplay() lets an unknown version pass for plain rules only", () => {
  for (const { rule, code } of gates) assert.equal(gateForReplay(rule, client(null))?.code, code);
  assert.equal(gateForReplay(plain, client(null)), null);
});

Deno.test("gates are checked in order: lists, SNI, PROXY, caps", () => {
  const all = { ...capped, sniPattern: "a.b", targets: [...proxy.targets, target] };
  for (const { code, old } of gates) assert.equal(gateForPush(all, client(old))?.code, code);
});

Deno.test("gateForReplay() looks at UDP before the versions, gateForPush() not at all", () => {
  const udp = { ...two, protocol: "udp" as const };
  const tcpOnly = { ...client("0.1.0"), protocols: new Set(["tcp" as const]) };
  assert.equal(
    gateForReplay(udp, tcpOnly)?.message,
    "unsupported_protocol: client edge-01 does not support protocol udp",
  );
  assert.equal(gateForPush(udp, tcpOnly)?.code, "multi_target_unsupported_by_client");
});

Deno.test("gateForProtocol() gates UDP and never TCP", () => {
  const none = { ...client("3.1.0"), protocols: new Set<never>() };
  assert.equal(gateForProtocol("tcp", none), null);
  assert.equal(gateForProtocol("udp", client("3.1.0")), null);
  assert.equal(gateForProtocol("udp", none)?.code, "unsupported_protocol");
});

Deno.test("gateForOwnerCap() and gateForQuota() refuse old and unknown versions", () => {
  const cap = "rate_limit_unsupported_by_client: client edge-01 ";
  assert.equal(gateForOwnerCap(client("0.11.0")), null);
  assert.equal(
    gateForOwnerCap(client("0.10.9"))?.message,
    `${cap}(version 0.10.9) requires >= 0.11.0`,
  );
  assert.equal(
    gateForOwnerCap(client(null))?.message,
    `${cap}(version unknown) requires >= 0.11.0`,
  );
  const quota = "quota_unsupported_by_client: target client edge-01 client_version ";
  assert.equal(gateForQuota(client("1.4.0")), null);
  assert.equal(gateForQuota(client("1.3.9"))?.message, `${quota}1.3.9 < 1.4.0`);
  assert.equal(gateForQuota(client(null))?.message, `${quota}unknown < 1.4.0`);
});
