/**
 * Binding the TCP listeners of a rule: every port, for both address families, or nothing.
 *
 * @module
 */

import type { PortRange } from "../../core/ports.ts";
import { bindFailureReason, type BindProblem, bindProblem, lacksIpv6 } from "../bind_failure.ts";
import type { Listener, Net } from "./net.ts";

/** The listeners of a rule, ascending by port, or the reason why there are none. */
export type Bound =
  | { readonly ok: true; readonly listeners: readonly Listener[] }
  | { readonly ok: false; readonly reason: string };

/** Binds every port of `range`. On a failure nothing stays bound. */
export function bindRange(net: Net, range: PortRange): Bound {
  const hostnames = wildcardAddresses(net);
  const listeners: Listener[] = [];
  for (let port = range.start; port <= range.end; port++) {
    try {
      for (const hostname of hostnames) listeners.push(net.listen({ hostname, port }));
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
function wildcardAddresses(net: Net): readonly string[] {
  try {
    using ipv6 = net.listen({ hostname: "::", port: 0 });
    return takesIpv4(net, ipv6.addr.port) ? ["::"] : ["::", "0.0.0.0"];
  } catch (error) {
    // Any other failure says nothing about IPv6; binding the rule's own ports will report it.
    return lacksIpv6(codeOf(error)) ? ["0.0.0.0"] : ["::"];
  }
}

/** Whether the socket bound to `::` and `port` holds the port for IPv4 as well. */
function takesIpv4(net: Net, port: number): boolean {
  try {
    net.listen({ hostname: "0.0.0.0", port })[Symbol.dispose]();
    return false;
  } catch {
    return true;
  }
}

function problemOf(error: unknown): BindProblem {
  const refusedByDeno = error instanceof Deno.errors.NotCapable;
  return refusedByDeno ? "permission_denied" : bindProblem(codeOf(error));
}

/** The name of the errno behind an error of the runtime. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
