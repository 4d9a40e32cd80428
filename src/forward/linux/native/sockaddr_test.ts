import assert from "node:assert/strict";
import { decodeSockaddr, encodeSockaddr, SOCKADDR_BYTES } from "./sockaddr.ts";

Deno.test("encodeSockaddr() lays out both families as the kernel has them", () => {
  const v4 = encodeSockaddr({ hostname: "192.0.2.1", port: 0x1234 });
  assert.deepEqual([...v4], [2, 0, 0x12, 0x34, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  const v6 = encodeSockaddr({ hostname: "2001:db8::5", port: 80 });
  const address = [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 5];
  assert.deepEqual([...v6], [10, 0, 0, 80, 0, 0, 0, 0, ...address, 0, 0, 0, 0]);
  assert.throws(() => encodeSockaddr({ hostname: "localhost", port: 1 }), TypeError);
});

Deno.test("decodeSockaddr() reads what encodeSockaddr() writes", () => {
  for (const hostname of ["127.0.0.1", "::1", "::", "2001:db8::ff:0:1"]) {
    const bytes = new Uint8Array(SOCKADDR_BYTES);
    bytes.set(encodeSockaddr({ hostname, port: 443 }));
    assert.deepEqual(decodeSockaddr(bytes), { hostname, port: 443 });
  }
});
