import { formatSocketAddress, unmapIpv4 } from "../core/address.ts";

/**
 * The address of a peer as operators read it, from grpc-js's `address:port`, which has no
 * brackets and shows IPv4 peers of a dual-stack listener as IPv6.
 */
export function formatPeer(peer: string): string {
  const colon = peer.lastIndexOf(":");
  const port = Number(peer.slice(colon + 1));
  if (colon < 0 || !Number.isInteger(port)) return peer;
  return formatSocketAddress({ host: unmapIpv4(peer.slice(0, colon)), port });
}
