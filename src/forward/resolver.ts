/**
 * Host names of targets: what a resolver answers, how it fails, and the order addresses are tried.
 *
 * @module
 */

import { parseIpv4 } from "../core/address.ts";
import type { Logger } from "../core/log.ts";

/** Why a name led to no connection, as `rule.dns_failed` tells it. */
export type DnsFailureReason =
  | "nxdomain"
  | "servfail"
  | "attempt_timeout"
  | "all_addrs_unreachable"
  | "resolver_overloaded"
  | "other";

/** The addresses of a name. */
export interface Resolution {
  /** IP literals without brackets, at least one, in the order the name service gave them. */
  readonly addresses: readonly string[];
  /**
   * `fresh`: looked up for this very call. `cached`: still valid. `stale`: no longer valid, and
   * used only because a new lookup failed.
   */
  readonly source: "fresh" | "cached" | "stale";
}

/** A name service. */
export interface Resolver {
  /**
   * The addresses of `host`, a name in lower case. The answer comes within a bounded time.
   *
   * @throws {ResolveError}
   */
  resolve(host: string): Promise<Resolution>;
}

/** A name could not be resolved. */
export class ResolveError extends Error {
  override readonly name = "ResolveError";

  constructor(
    readonly reason: DnsFailureReason,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`dns_resolution_failed: ${detail}`, options);
  }
}

/** `addresses` without duplicates, one family before the other; inside a family the order stays. */
export function orderAddresses(addresses: Iterable<string>, preferIpv6: boolean): string[] {
  const isIpv4 = (address: string) => parseIpv4(address) !== null;
  const unique = [...new Set(addresses)];
  const v4 = unique.filter(isIpv4);
  const v6 = unique.filter((address) => !isIpv4(address));
  return preferIpv6 ? [...v6, ...v4] : [...v4, ...v6];
}

/** What a rule's target name resolved to. */
export interface TargetAddresses {
  /** IP literals in the order to try them. */
  readonly addresses: readonly string[];
  /** Whether they are known to be out of date. */
  readonly stale: boolean;
}

/**
 * Resolves the target name of a rule. Every fresh resolution is logged, as `rule.dns_resolved`.
 *
 * @throws {ResolveError}
 */
export async function resolveTarget(
  { hostname, preferIpv6, ruleId }: {
    readonly hostname: string;
    readonly preferIpv6: boolean;
    readonly ruleId: bigint;
  },
  { resolver, logger }: { readonly resolver: Resolver; readonly logger: Logger },
): Promise<TargetAddresses> {
  const resolution = await resolver.resolve(hostname);
  const addresses = orderAddresses(resolution.addresses, preferIpv6);
  if (resolution.source === "fresh") {
    logger.info("rule.dns_resolved", {
      rule_id: `${ruleId}`,
      hostname,
      chosen_addr: addresses[0],
      addr_count: addresses.length,
      prefer_ipv6: preferIpv6,
    });
  }
  return { addresses, stale: resolution.source === "stale" };
}
