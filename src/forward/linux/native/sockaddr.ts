/**
 * `struct sockaddr_in` and `struct sockaddr_in6` (ip(7), ipv6(7)).
 *
 * @module
 */

import { ipBytes, parseIpv6 } from "../../../core/ip.ts";
import { SOCKET } from "./abi.ts";

/** Room for either. */
export const SOCKADDR_BYTES = 28;
const SOCKADDR_IN_BYTES = 16;
const IPV4_AT = 4;
const IPV6_AT = 8;

/** An IP literal without brackets, and a port. */
export interface SocketAddress {
  readonly hostname: string;
  readonly port: number;
}

/**
 * `address` for bind(2) and connect(2). The zone of a link-local address is not taken over.
 *
 * @throws {TypeError} when the host name is no IP literal
 */
export function encodeSockaddr({ hostname, port }: SocketAddress): Uint8Array<ArrayBuffer> {
  const bytes = ipBytes(hostname);
  if (bytes === null) throw new TypeError(`Not an IP address: ${hostname}`);
  const isIpv4 = bytes.length === 4;
  const encoded = new Uint8Array(isIpv4 ? SOCKADDR_IN_BYTES : SOCKADDR_BYTES);
  const view = new DataView(encoded.buffer);
  // The family is in the machine's order, which is little-endian here; the port in the network's.
  view.setUint16(0, isIpv4 ? SOCKET.AF_INET : SOCKET.AF_INET6, true);
  view.setUint16(2, port);
  encoded.set(bytes, isIpv4 ? IPV4_AT : IPV6_AT);
  return encoded;
}

/** The address in `encoded`, as the kernel wrote it. */
export function decodeSockaddr(encoded: Uint8Array<ArrayBuffer>): SocketAddress {
  const view = new DataView(encoded.buffer, encoded.byteOffset, SOCKADDR_BYTES);
  const port = view.getUint16(2);
  if (view.getUint16(0, true) === SOCKET.AF_INET) {
    return { hostname: encoded.subarray(IPV4_AT, IPV4_AT + 4).join("."), port };
  }
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(IPV6_AT + 2 * i).toString(16));
  const literal = groups.join(":");
  return { hostname: parseIpv6(literal) ?? literal, port };
}
