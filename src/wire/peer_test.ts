import assert from "node:assert/strict";
import { formatPeer } from "./peer.ts";

for (
  const [peer, text] of [
    ["192.0.2.1:5000", "192.0.2.1:5000"],
    ["::ffff:192.0.2.1:5000", "192.0.2.1:5000"],
    ["::1:5000", "[::1]:5000"],
    ["2001:db8::7:443", "[2001:db8::7]:443"],
    ["unknown", "unknown"],
  ] as const
) {
  Deno.test(`formatPeer() writes ${peer} as ${text}`, () => {
    assert.equal(formatPeer(peer), text);
  });
}
