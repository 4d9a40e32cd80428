/**
 * Why ports could not be bound, in the wire's words.
 *
 * @module
 */

import { type PortRange, rangeLength } from "../core/ports.ts";

/** What the wire tells apart of bind(2) and listen(2) failures. */
export type BindProblem = "port_in_use" | "permission_denied" | "bind_failed";

/** The problem behind the errno called `code`; `undefined` for an error without one. */
export function bindProblem(code: string | undefined): BindProblem {
  switch (code) {
    case "EADDRINUSE":
      return "port_in_use";
    case "EACCES":
    case "EPERM":
      return "permission_denied";
    default:
      return "bind_failed";
  }
}

/** The failure reason of a rule that listens on `range`: a rule of several ports names the port. */
export function bindFailureReason(problem: BindProblem, port: number, range: PortRange): string {
  return rangeLength(range) > 1 ? `${problem}:${port}` : problem;
}

/** Whether binding an IPv6 address failed with `code` because the system has no IPv6. */
export function lacksIpv6(code: string | undefined): boolean {
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EPROTONOSUPPORT" ||
    code === "EOPNOTSUPP";
}
