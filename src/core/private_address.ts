import { ipBytes, unmapIpv4 } from "./ip.ts";

/**
 * Whether only neighbours can reach `host`: loopback, RFC 1918, RFC 6598 (100.64.0.0/10) or unique
 * local IPv6 (RFC 4193). A host name is not, whatever it resolves to today; `localhost` is.
 */
export function isPrivateHost(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  const bytes = ipBytes(unmapIpv4(host));
  if (bytes === null) return false;
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 16) {
    const isLoopback = bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1;
    return isLoopback || (first & 0xfe) === 0xfc;
  }
  return first === 127 || first === 10 || (first === 192 && second === 168) ||
    (first === 172 && (second & 0xf0) === 16) || (first === 100 && (second & 0xc0) === 64);
}
