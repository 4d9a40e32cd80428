import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatSocketAddress,
  hostLiteral,
  parseClientAddress,
  parseSocketAddress,
  parseTargetHost,
} from "./address.ts";
import { PortunusError } from "./errors.ts";

const label63 = "a".repeat(63);
const name253 = `${label63}.${label63}.${label63}.${"b".repeat(61)}`;

Deno.test("parseTargetHost() returns the canonical form when the host is valid", () => {
  const cases: [text: string, canonical: string, literal: string][] = [
    ["10.0.0.5", "10.0.0.5", "10.0.0.5"],
    ["[2001:DB8::0:1]", "[2001:db8::1]", "2001:db8::1"],
    ["Db.Internal.", "db.internal", "db.internal"],
    [name253, name253, name253],
  ];
  for (const [text, canonical, literal] of cases) {
    assert.equal(parseTargetHost(text), canonical);
    assert.equal(hostLiteral(canonical), literal);
  }
});

Deno.test("parseTargetHost() throws the code and text of the first problem", () => {
  const cases: [text: string, message: string][] = [
    ["", "invalid_target_host: hostname_empty"],
    ["::1", `invalid_target_host: bare unbracketed IPv6 literal "::1" (use [...])`],
    ["host:80", `invalid_target_host: bare unbracketed IPv6 literal "host:80" (use [...])`],
    ["[::1", `invalid_target_host: bare unbracketed IPv6 literal "[::1" (use [...])`],
    [
      "[fe80::1%eth0]",
      `invalid_target_host: bracketed value "[fe80::1%eth0]" is not a valid IPv6 literal`,
    ],
    ["[10.0.0.1]", `invalid_target_host: bracketed value "[10.0.0.1]" is not a valid IPv6 literal`],
    ["[]", `invalid_target_host: bracketed value "[]" is not a valid IPv6 literal`],
    ["[", `invalid_target_host: hostname_invalid_char: label "[" contains '['`],
    ["a/b", `invalid_target_host: hostname_invalid_char: label "a/b" contains '/'`],
    ["a..b", "invalid_target_host: hostname_label_empty: empty label at position 1"],
    [
      "010.0.0.1",
      'invalid_target_host: hostname_all_numeric: "010.0.0.1" is an all-numeric form ' +
      "(use IP literal)",
    ],
    [
      `${name253}c`,
      "invalid_target_host_too_long: hostname_total_too_long: 254 octets (max 253)",
    ],
    [
      `${label63}a`,
      `invalid_target_host_label_too_long: hostname_label_too_long: label "${label63}a" is 64 ` +
      "octets (max 63)",
    ],
    [
      "-a",
      "invalid_target_host_label_hyphen: hostname_label_hyphen_boundary: " +
      `label "-a" starts or ends with '-'`,
    ],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseTargetHost(text), { name: "PortunusError", message });
  }
});

Deno.test("parseClientAddress() trims and canonicalises bare hosts", () => {
  const cases: [text: string, canonical: string][] = [
    [" 192.0.2.7 ", "192.0.2.7"],
    ["2001:DB8:0::1", "2001:db8::1"],
    ["Edge-01.Example.com.", "edge-01.example.com"],
  ];
  for (const [text, canonical] of cases) assert.equal(parseClientAddress(text), canonical);
});

Deno.test("parseClientAddress() refuses URLs, paths, ports and bad names", () => {
  const invalid = ["", "  ", "https://edge.example", "edge.example/x", "edge.example:80", "[::1]"];
  invalid.push("192.0.2.7:80", "-edge", "1.2.3", "edge_1", `${name253}c`);
  for (const text of invalid) {
    assert.throws(() => parseClientAddress(text), { code: "invalid_client_address" }, text);
  }
});

Deno.test("host parsers throw only PortunusError and are idempotent for any text", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[[\]a-zA-Z0-9:.\-/ ]{0,12}$/),
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV6().map((ip) => `[${ip}]`),
    fc.domain(),
  );
  for (const parse of [parseTargetHost, parseClientAddress]) {
    fc.assert(fc.property(texts, (text) => {
      let canonical: string;
      try {
        canonical = parse(text);
      } catch (error) {
        return error instanceof PortunusError && error.code.startsWith("invalid_");
      }
      return parse(canonical) === canonical;
    }));
  }
});

Deno.test("parseSocketAddress() reads IP:port and formatSocketAddress() writes it", () => {
  const cases: [text: string, host: string, port: number][] = [
    ["0.0.0.0:7443", "0.0.0.0", 7443],
    ["127.0.0.1:0", "127.0.0.1", 0],
    ["[::]:65535", "::", 65535],
    ["[2001:db8::1]:80", "2001:db8::1", 80],
  ];
  for (const [text, host, port] of cases) {
    assert.deepEqual(parseSocketAddress(text), { host, port });
    assert.equal(formatSocketAddress({ host, port }), text);
  }
});

Deno.test("parseSocketAddress() returns null when the text is not IP:port", () => {
  const invalid = [
    "",
    "127.0.0.1",
    "127.0.0.1:",
    ":80",
    "localhost:80",
    "::1:80",
    "[::1]",
    "[::1]80",
  ];
  invalid.push("127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:8 ", "[127.0.0.1]:80");
  invalid.push("127.0.0.1:100000", "256.0.0.1:80", "[fe80::1%lo]:80");
  for (const text of invalid) assert.equal(parseSocketAddress(text), null, text);
});
