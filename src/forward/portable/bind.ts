/**
 * Binding the sockets of a rule: every port, for both address families, or nothing.
 *
 * @module
 */

import type { PortRange } from "../../core/ports.ts";
import { bindFailureReason, type BindProblem, bindProblem, lacksIpv6 } from "../bind_failure.ts";
import type { DatagramNet, DatagramSocket } from "./udp_net.ts";
import type { Endpoint, Listener, Net } from "./net.ts";
import { codeOf } from "./os_error.ts";

/** The sockets of a rule, ascending by port, or the reason why there are none. */
export type Bound<T> =
  | { readonly ok: true; readonly listeners: readonly T[] }
  | { readonly ok: false; readonly reason: string };

/** Binds a socket of some protocol at once, or throws an error whose `code` names the errno. */
type Bind<T> = (endpoint: Endpoint) => T;
type BoundSocket = Disposable & { readonly addr: Endpoint };

/** Listens on every TCP port of `range`. On a failure nothing stays bound. */
export function bindRange(net: Net, range: PortRange): Bound<Listener> {
  return bindAll((endpoint) => net.listen(endpoint), range, problemOf);
}

/**
 * Binds every UDP port of `range`. On a failure, which the wire calls `port_in_use` whatever it
 * is, nothing stays bound.
 */
export function bindDatagrams(net: DatagramNet, range: PortRange): Bound<DatagramSocket> {
  return bindAll((endpoint) => net.bind(endpoint), range, () => "port_in_use");
}

function bindAll<T extends BoundSocket>(
  bind: Bind<T>,
  range: PortRange,
  problemOf: (error: unknown) => BindProblem,
): Bound<T> {
  const hostnames = wildcardAddresses(bind);
  const listeners: T[] = [];
  for (let port = range.start; port <= range.end; port++) {
    try {
      for (const hostname of hostnames) listeners.push(bind({ hostname, port }));
    } catch (error) {
      for (const listener of listeners) listener[Symbol.dispose]();
      return { ok: false, reason: bindFailureReason(problemOf(error), port, range) };
    }
  }
  return { ok: true, listeners };
}

/**
 * The addresses to listen on so that both families reach a port: `::` where it takes IPv4 too (the
 * socket option can't be set from here, so the system's default counts), else one for each.
 */
function wildcardAddresses<T extends BoundSocket>(bind: Bind<T>): readonly string[] {
  try {
    using ipv6 = bind({ hostname: "::", port: 0 });
    return takesIpv4(bind, ipv6.addr.port) ? ["::"] : ["::", "0.0.0.0"];
  } catch (error) {
    // Any other failure says nothing about IPv6; binding the rule's own ports will report it.
    return lacksIpv6(codeOf(error)) ? ["0.0.0.0"] : ["::"];
  }
}

/** Whether the socket bound to `::` and `port` holds the port for IPv4 as well. */
function takesIpv4<T extends BoundSocket>(bind: Bind<T>, port: number): boolean {
  try {
    bind({ hostname: "0.0.0.0", port })[Symbol.dispose]();
    return false;
  } catch {
    return true;
  }
}

function problemOf(error: unknown): BindProblem {
  const refusedByDeno = error instanceof Deno.errors.NotCapable;
  return refusedByDeno ? "permission_denied" : bindProblem(codeOf(error));
}
