import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { isIp, isLoopback, parseIpv4, parseIpv6, unmapIpv4 } from "./ip.ts";

Deno.test("parseIpv4() accepts dotted decimals without leading zeros only", () => {
  for (const text of ["0.0.0.0", "192.0.2.10", "255.255.255.255"]) {
    assert.equal(parseIpv4(text), text);
  }
  const invalid = ["", "1.2.3", "1.2.3.4.", "1.2.3.4.5", ".1.2.3", "01.2.3.4", "1.2.3.256"];
  invalid.push("1.2.3.-4", "1.2.3.4 ", "1.2.3.0x4", "1..2.3", "1.2.3.4\n");
  for (const text of invalid) assert.equal(parseIpv4(text), null, text);
});

Deno.test("parseIpv6() writes the canonical form of RFC 5952", () => {
  const cases: [text: string, canonical: string][] = [
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:0DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8::0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"],
    ["1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"],
    ["::ffff:c000:0201", "::ffff:192.0.2.1"],
    ["::FFFF:192.0.2.1", "::ffff:192.0.2.1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
  ];
  for (const [text, canonical] of cases) assert.equal(parseIpv6(text), canonical);
});

Deno.test("parseIpv6() returns null when the text is no address", () => {
  const invalid = ["", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1::", "1:::2"];
  invalid.push("1:2:3:4:5:6:7::8:9", "1:2:3:4::5:6:7:8", "12345::", "g::", ":1:2:3:4:5:6:7");
  invalid.push("1:2:3:4:5:6:7:", "fe80::1%eth0", "[::1]", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5");
  invalid.push("::01.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", " ::1", "1.2.3.4");
  for (const text of invalid) assert.equal(parseIpv6(text), null, text);
});

const addressLike = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.stringMatching(/^[0-9a-fA-F:.]{0,24}$/),
  fc.array(fc.constantFrom("0", "ffff", "1", "a0b", "", "1.2.3.4"), { maxLength: 9 })
    .map((groups) => groups.join(":")),
);

Deno.test("parseIpv4() and parseIpv6() agree with the runtime and are idempotent", () => {
  fc.assert(
    fc.property(addressLike, (text) => {
      const v6 = parseIpv6(text);
      assert.equal(v6 !== null, isIPv6(text));
      assert.equal(parseIpv4(text) !== null, isIPv4(text));
      assert.equal(isIp(text), isIPv4(text) || isIPv6(text));
      if (v6 === null) return;
      assert.equal(parseIpv6(v6), v6);
      // The URL parser compresses alike, but writes IPv4-mapped addresses without dots.
      if (!v6.includes(".")) assert.equal(new URL(`http://[${text}]`).hostname, `[${v6}]`);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("unmapIpv4() takes the IPv4 address out of a mapped one only", () => {
  assert.equal(unmapIpv4("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(unmapIpv4("0:0:0:0:0:FFFF:c000:201"), "192.0.2.1");
  for (const text of ["192.0.2.1", "2001:db8::1", "::192.0.2.1", "edge.example", "a:b", ""]) {
    assert.equal(unmapIpv4(text), text);
  }
});

Deno.test("isLoopback() knows the loopback addresses of both families", () => {
  for (const ip of ["127.0.0.1", "127.255.0.9", "::1", "0:0::1", "::ffff:127.0.0.1"]) {
    assert.equal(isLoopback(ip), true, ip);
  }
  for (const ip of ["126.0.0.1", "128.0.0.1", "0.0.0.0", "::", "::2", "localhost", "127.0.0"]) {
    assert.equal(isLoopback(ip), false, ip);
  }
});
