/**
 * The header that tells a target where a connection comes from (the PROXY protocol, versions 1
 * and 2, of haproxy.org's `proxy-protocol.txt`).
 *
 * @module
 */

import { ipBytes, parseIpv6 } from "../../core/ip.ts";
import type { ProxyVersion } from "../../core/rule.ts";

/** An end of a connection: an IP literal without brackets, and a port. */
export interface ProxyEnd {
  readonly host: string;
  readonly port: number;
}

const utf8 = new TextEncoder();

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** Version 2, a connection on behalf of another. */
const VERSION_2_PROXY = 0x21;
const STREAM_OVER_IPV4 = 0x11;
const STREAM_OVER_IPV6 = 0x21;

/**
 * Encodes the header of a connection from `source` that was made to `destination`.
 *
 * @throws {TypeError} `proxy_protocol_family_mismatch` when one end is IPv4 and the other IPv6
 */
export function proxyHeader(
  version: ProxyVersion,
  source: ProxyEnd,
  destination: ProxyEnd,
): Uint8Array<ArrayBuffer> {
  const ends = [source, destination].map(({ host, port }) => ({
    host: canonical(host),
    bytes: ipBytes(canonical(host)) ?? [],
    port,
  }));
  const [length = 0, other] = ends.map(({ bytes }) => bytes.length);
  if (length !== other || length === 0) throw new TypeError("proxy_protocol_family_mismatch");
  const isIpv4 = length === 4;
  if (version === "v1") {
    const hosts = ends.map(({ host }) => host).join(" ");
    const ports = ends.map(({ port }) => port).join(" ");
    return utf8.encode(`PROXY ${isIpv4 ? "TCP4" : "TCP6"} ${hosts} ${ports}\r\n`);
  }
  const body = [...ends.flatMap(({ bytes }) => bytes), ...ends.flatMap(({ port }) => uint16(port))];
  const family = isIpv4 ? STREAM_OVER_IPV4 : STREAM_OVER_IPV6;
  return Uint8Array.from([...SIGNATURE, VERSION_2_PROXY, family, ...uint16(body.length), ...body]);
}

/** In network order. */
const uint16 = (value: number) => [value >> 8, value & 0xff];

/**
 * The one text of an address (RFC 5952), however it came. The zone of a link-local one (RFC 4007)
 * means nothing to another host.
 */
function canonical(host: string): string {
  const address = host.replace(/%.*$/s, "");
  return parseIpv6(address) ?? address;
}
