/**
 * Binding the UDP sockets of a rule.
 *
 * Nothing here tells which of the host's addresses a datagram was sent to, and a reply from a
 * socket bound to all addresses leaves from the one that the system prefers. So a host with
 * several addresses gets a socket for each of them, too.
 *
 * @module
 */

import { isLoopback, parseIpv4 } from "../../core/address.ts";
import { FORWARD } from "../../core/limits.ts";
import { type PortRange, rangeLength } from "../../core/ports.ts";
import { bindAll, type Bound, wildcardAddresses } from "./bind.ts";
import type { DatagramNet, DatagramSocket } from "./udp_net.ts";

/**
 * Binds every UDP port of `range`, for both families. On a failure, which the wire calls
 * `port_in_use` whatever it is, nothing stays bound.
 */
export function bindDatagrams(net: DatagramNet, range: PortRange): Bound<DatagramSocket> {
  const hostnames = wildcardAddresses((endpoint) => net.bind(endpoint));
  const bindWildcards = (shared: boolean) =>
    bindAll((endpoint) => net.bind(endpoint, { shared }), {
      hostnames,
      range,
      problemOf: () => "port_in_use",
    });
  const exclusive = bindWildcards(false);
  const addresses = addressesToTell(net.addresses());
  const sockets = addresses.length * rangeLength(range);
  if (!exclusive.ok || sockets === 0 || sockets > FORWARD.udpAddressSocketsMax) return exclusive;
  // Nobody had the ports: now they can be shared among ourselves.
  for (const socket of exclusive.listeners) socket[Symbol.dispose]();
  const shared = bindWildcards(true);
  if (!shared.ok) return shared;
  return { ok: true, listeners: [...shared.listeners, ...bindEach(net, range, addresses)] };
}

/** A socket for each port and address, but for addresses that can't be bound just now. */
function bindEach(
  net: DatagramNet,
  range: PortRange,
  addresses: readonly string[],
): DatagramSocket[] {
  const sockets: DatagramSocket[] = [];
  for (const hostname of addresses) {
    try {
      for (let port = range.start; port <= range.end; port++) {
        sockets.push(net.bind({ hostname, port }, { shared: true }));
      }
    } catch {
      // The sockets for all addresses serve what is missing here.
    }
  }
  return sockets;
}

/** Those of `addresses` among which the system might choose the wrong one. */
function addressesToTell(addresses: readonly string[]): readonly string[] {
  const candidates = [...new Set(addresses)].filter((address) =>
    !isLoopback(address) && !isLinkLocal(address)
  );
  const v4 = candidates.filter((address) => parseIpv4(address) !== null);
  const v6 = candidates.filter((address) => parseIpv4(address) === null);
  return [v4, v6].flatMap((family) => family.length > 1 ? family : []);
}

/** `fe80::/10`: bound with an interface only, and never chosen for a peer elsewhere. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}
