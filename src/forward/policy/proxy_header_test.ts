import assert from "node:assert/strict";
import { isIPv4 } from "node:net";
import fc from "fast-check";
import { proxyHeader } from "./proxy_header.ts";

interface Decoded {
  readonly source: string;
  readonly destination: string;
  readonly ports: readonly number[];
}

/** Reads a header of version 1 as its specification words it; the whole of `bytes` must be one. */
function decodeV1(bytes: Uint8Array): Decoded {
  const line = new TextDecoder("ascii", { fatal: true }).decode(bytes);
  const match = /^PROXY (TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line);
  assert.ok(match && line.length <= 107, line);
  const [, family, source = "", destination = "", from, to] = match;
  assert.equal(family, isIPv4(source) ? "TCP4" : "TCP6");
  return { source, destination, ports: [Number(from), Number(to)] };
}

/** The same for version 2. */
function decodeV2(bytes: Uint8Array): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assert.equal(new TextDecoder("latin1").decode(bytes.subarray(0, 12)), "\r\n\r\n\0\r\nQUIT\n");
  assert.equal(view.getUint8(12), 0x21);
  const size = { 0x11: 4, 0x21: 16 }[view.getUint8(13)] ?? assert.fail("family");
  assert.equal(view.getUint16(14), size * 2 + 4);
  assert.equal(bytes.length, 16 + size * 2 + 4);
  const address = (at: number) => {
    const raw = bytes.subarray(at, at + size);
    if (size === 4) return raw.join(".");
    const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(at + i * 2).toString(16));
    return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
  };
  const ports = [view.getUint16(16 + size * 2), view.getUint16(18 + size * 2)];
  return { source: address(16), destination: address(16 + size), ports };
}

Deno.test("proxyHeader() writes the examples of the specification", () => {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const from = { host: "2001:db8::abcd", port: 54_321 };
  assert.equal(
    text(proxyHeader("v1", from, { host: "::1", port: 443 })),
    "PROXY TCP6 2001:db8::abcd ::1 54321 443\r\n",
  );
  const v4 = proxyHeader("v2", { host: "192.0.2.1", port: 1 }, {
    host: "198.51.100.2",
    port: 65_535,
  });
  assert.equal(
    v4.toHex(),
    "0d0a0d0a000d0a515549540a" + "2111" + "000c" + "c0000201" + "c6336402" + "0001" + "ffff",
  );
  assert.equal(proxyHeader("v2", from, { host: "::1", port: 443 }).length, 52);
});

Deno.test("proxyHeader() is read back by a decoder of its own, whatever the addresses", () => {
  const v4 = fc.ipV4();
  const v6 = fc.ipV6().map((text) => new URL(`http://[${text}]`).hostname.slice(1, -1))
    .filter((text) => !text.startsWith("::ffff:"));
  const port = fc.integer({ min: 0, max: 65_535 });
  const ends = fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6));
  fc.assert(fc.property(ends, port, port, ([source, destination], from, to) => {
    const expected = { source, destination, ports: [from, to] };
    const pair = [{ host: source, port: from }, { host: destination, port: to }] as const;
    assert.deepEqual(decodeV1(proxyHeader("v1", ...pair)), expected);
    assert.deepEqual(decodeV2(proxyHeader("v2", ...pair)), expected);
  }));
});

Deno.test("proxyHeader() prints the canonical text of an address, however it is written", () => {
  const v1 = proxyHeader(
    "v1",
    { host: "2001:0DB8:0:0:0:0:0:ABCD", port: 1 },
    { host: "2001:db8:0:1::", port: 2 },
  );
  const line = "PROXY TCP6 2001:db8::abcd 2001:db8:0:1:: 1 2\r\n";
  assert.equal(new TextDecoder().decode(v1), line);
});

Deno.test("proxyHeader() leaves zones out, and refuses ends of two families", () => {
  const v1 = proxyHeader("v1", { host: "fe80::1%eth0", port: 1 }, { host: "fe80::2", port: 2 });
  assert.equal(new TextDecoder().decode(v1), "PROXY TCP6 fe80::1 fe80::2 1 2\r\n");
  for (const host of ["::1", "", "name"]) {
    assert.throws(
      () => proxyHeader("v2", { host: "127.0.0.1", port: 1 }, { host, port: 2 }),
      { name: "TypeError", message: "proxy_protocol_family_mismatch" },
    );
  }
});
