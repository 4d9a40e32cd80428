import assert from "node:assert/strict";
import { dnsLine } from "./dns_line.ts";

Deno.test("dnsLine() is a line of a zone file, of the type that fits", () => {
  assert.equal(dnsLine("a.example.test", "192.0.2.7"), "a.example.test. A 192.0.2.7");
  assert.equal(dnsLine("a.example.test", "2001:db8::7"), "a.example.test. AAAA 2001:db8::7");
  assert.equal(dnsLine("a.example.test", "[2001:db8::7]"), "a.example.test. AAAA 2001:db8::7");
  assert.equal(dnsLine("a.test", "edge-01.test"), "a.test. CNAME edge-01.test.");
});
