import assert from "node:assert/strict";
import { isPrivateHost } from "./private_address.ts";

Deno.test("isPrivateHost() knows the ranges to their ends", () => {
  const inside = ["127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0"];
  inside.push("172.31.255.255", "192.168.0.0", "192.168.255.255", "100.64.0.0", "100.127.255.255");
  inside.push("::1", "fc00::", "fdff:ffff::1", "::ffff:10.1.2.3", "localhost");
  for (const host of inside) assert.ok(isPrivateHost(host), host);
  const outside = ["126.255.255.255", "128.0.0.0", "9.255.255.255", "11.0.0.0", "172.15.255.255"];
  outside.push("172.32.0.0", "192.167.255.255", "192.169.0.0", "100.63.255.255", "100.128.0.0");
  outside.push("203.0.113.7", "::2", "::", "fe00::", "fbff::", "2001:db8::1", "::ffff:8.8.8.8");
  outside.push("edge.example.com", "127.0.0.1.example.com");
  for (const host of outside) assert.ok(!isPrivateHost(host), host);
});
