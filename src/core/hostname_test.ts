import assert from "node:assert/strict";
import fc from "fast-check";
import { HostnameError, parseHostname } from "./hostname.ts";

const label63 = "a".repeat(63);
/** Four labels, 253 octets. */
const name253 = `${label63}.${label63}.${label63}.${"b".repeat(61)}`;

Deno.test("parseHostname() returns the canonical form when the name is valid", () => {
  const cases: [text: string, canonical: string][] = [
    ["localhost", "localhost"],
    ["Db.Internal", "db.internal"],
    ["example.com.", "example.com"],
    ["3com.example", "3com.example"],
    ["1.2.3.x", "1.2.3.x"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    [label63, label63],
    [name253, name253],
    [`${name253}.`, name253],
  ];
  for (const [text, canonical] of cases) assert.equal(parseHostname(text), canonical);
});

Deno.test("parseHostname() throws with the documented text when the name is invalid", () => {
  const cases: [text: string, message: string][] = [
    ["", "hostname_empty"],
    [".", "hostname_empty"],
    [`${name253}c`, "hostname_total_too_long: 254 octets (max 253)"],
    ["ä".repeat(127), "hostname_total_too_long: 254 octets (max 253)"],
    [".example", "hostname_label_empty: empty label at position 0"],
    ["a..b", "hostname_label_empty: empty label at position 1"],
    ["a..", "hostname_label_empty: empty label at position 1"],
    [`x.${label63}a`, `hostname_label_too_long: label "${label63}a" is 64 octets (max 63)`],
    ["a_b.example", `hostname_invalid_char: label "a_b" contains '_'`],
    ["a b", `hostname_invalid_char: label "a b" contains ' '`],
    ["a:80", `hostname_invalid_char: label "a:80" contains ':'`],
    ["x.😀", `hostname_invalid_char: label "😀" contains '😀'`],
    ["\u212Aelvin", `hostname_invalid_char: label "\u212Aelvin" contains '\u212A'`],
    ["-a.example", `hostname_label_hyphen_boundary: label "-a" starts or ends with '-'`],
    ["x.a-", `hostname_label_hyphen_boundary: label "a-" starts or ends with '-'`],
    ["12345", `hostname_all_numeric: "12345" is an all-numeric form (use IP literal)`],
    ["1.2.3.4.", `hostname_all_numeric: "1.2.3.4" is an all-numeric form (use IP literal)`],
  ];
  for (const [text, message] of cases) {
    const kind = /^hostname_([a-z_]+)/.exec(message)?.[1];
    assert.throws(() => parseHostname(text), { name: "HostnameError", kind, message });
  }
});

Deno.test("parseHostname() throws only HostnameError and is idempotent for any text", () => {
  const labels = fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{0,5}$/), { maxLength: 4 });
  const texts = fc.oneof(fc.string({ unit: "binary" }), labels.map((parts) => parts.join(".")));
  fc.assert(fc.property(texts, (text) => {
    let canonical: string;
    try {
      canonical = parseHostname(text);
    } catch (error) {
      return error instanceof HostnameError;
    }
    return /^[a-z0-9.-]+$/.test(canonical) && parseHostname(canonical) === canonical;
  }));
});
