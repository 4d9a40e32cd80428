/**
 * Binding the sockets of a rule: every port, for both address families, or nothing.
 *
 * @module
 */

import type { PortRange } from "../../core/ports.ts";
import { bindFailureReason, type BindProblem, bindProblem, lacksIpv6 } from "../bind_failure.ts";
import type { Endpoint, Listener, Net } from "./net.ts";
import { codeOf } from "./os_error.ts";

/** The sockets of a rule, ascending by port, or the reason why there are none. */
export type Bound<T> =
  | { readonly ok: true; readonly listeners: readonly T[] }
  | { readonly ok: false; readonly reason: string };

/** Binds a socket of some protocol at once, or throws an error whose `code` names the errno. */
export type Bind<T> = (endpoint: Endpoint) => T;
export type BoundSocket = Disposable & { readonly addr: Endpoint };

/** Listens on every TCP port of `range`. On a failure nothing stays bound. */
export function bindRange(net: Net, range: PortRange): Bound<Listener> {
  const bind = (endpoint: Endpoint) => net.listen(endpoint);
  return bindAll(bind, { hostnames: wildcardAddresses(bind, net), range, problemOf });
}

/** Binds every port of `range` on each of `hostnames`. On a failure nothing stays bound. */
export function bindAll<T extends BoundSocket>(
  bind: Bind<T>,
  { hostnames, range, problemOf }: {
    readonly hostnames: readonly string[];
    readonly range: PortRange;
    readonly problemOf: (error: unknown) => BindProblem;
  },
): Bound<T> {
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
 * socket option can't be set from here, so the system's default counts), else one for each. Who
 * knows that `::` is IPv6 only says so: that a port is taken for IPv4 may have other reasons, too.
 */
export function wildcardAddresses<T extends BoundSocket>(
  bind: Bind<T>,
  { separatesFamilies = false }: { readonly separatesFamilies?: boolean } = {},
): readonly string[] {
  try {
    using ipv6 = bind({ hostname: "::", port: 0 });
    return !separatesFamilies && takesIpv4(bind, ipv6.addr.port) ? ["::"] : ["::", "0.0.0.0"];
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
