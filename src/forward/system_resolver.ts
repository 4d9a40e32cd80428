/**
 * The operating system's hosts file, name servers and search list, as they are configured now.
 *
 * @module
 */

import { Resolver as NameServers } from "node:dns/promises";
import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import { DNS } from "../core/limits.ts";
import { HostsFile } from "./hosts_file.ts";
import { DnsCache, type Lookup } from "./policy/dns_cache.ts";
import { type DnsFailureReason, ResolveError, type Resolver } from "./resolver.ts";

/** One address of a name and its remaining validity in seconds. */
export interface AddressRecord {
  readonly address: string;
  readonly ttl: number;
}

/** Queries by record type. Failures carry a `code`. */
export interface DnsQueries {
  resolve4(host: string, options: { readonly ttl: true }): Promise<readonly AddressRecord[]>;
  resolve6(host: string, options: { readonly ttl: true }): Promise<readonly AddressRecord[]>;
}

/**
 * Codes of `node:dns`; the rest is `other`. Deno says ENOTFOUND for SERVFAIL too: its resolver
 * knows only that there are no records.
 */
const REASONS: Readonly<Record<string, DnsFailureReason>> = {
  ENOTFOUND: "nxdomain",
  ENODATA: "nxdomain",
  ESERVFAIL: "servfail",
  ETIMEOUT: "attempt_timeout",
};

/** A resolver that asks as the system is configured, and remembers what was said. */
export function createSystemResolver(
  { clock, queries = new NameServers(), hosts = new HostsFile() }: {
    readonly clock: Clock;
    readonly queries?: DnsQueries;
    readonly hosts?: Pick<HostsFile, "addressesOf">;
  },
): Resolver {
  return new DnsCache({ clock, lookup: lookupWithHosts(hosts, lookupBoth(queries, clock)) });
}

/** Where a host calls itself, whatever is configured (RFC 6761, section 6.3). */
const LOOPBACK = ["127.0.0.1", "::1"];

/**
 * Asks name servers only for names that are not in the hosts file; one that is has the addresses
 * of the file and no others. They count as long as the shortest-lived answer.
 */
export function lookupWithHosts(
  hosts: Pick<HostsFile, "addressesOf">,
  nameServers: Lookup,
): Lookup {
  return async (host) => {
    const ofFile = await hosts.addressesOf(host);
    const addresses = host === "localhost" ? [...new Set([...ofFile, ...LOOPBACK])] : ofFile;
    return addresses.length > 0 ? { addresses, ttlSecs: 0 } : await nameServers(host);
  };
}

/**
 * Asks for both families at once. One that answers is enough: the other gets a moment longer, so
 * that a name server that drops its queries does not hold up connections (RFC 8305, section 3).
 * A lost query must not hide a family for long, so what it leaves is asked for again soon.
 */
export function lookupBoth(queries: DnsQueries, clock: Clock): Lookup {
  return async (host) => {
    const both = [queries.resolve4(host, { ttl: true }), queries.resolve6(host, { ttl: true })];
    const outcomes = await outcomesInTime(both, clock);
    const records = outcomes.flatMap((outcome) => outcome?.value ?? []);
    if (records.length === 0) throw failureOf(outcomes);
    const ttls = outcomes.every(isAnswered) ? records.map(({ ttl }) => ttl) : [0];
    return { addresses: records.map(({ address }) => address), ttlSecs: Math.min(...ttls) };
  };
}

/** How a query ended. */
interface Outcome {
  readonly value: readonly AddressRecord[];
  readonly error: unknown;
}

/** How each of `queries` ended; `null` for those that had not when the time was over. */
function outcomesInTime(
  queries: readonly Promise<readonly AddressRecord[]>[],
  clock: Clock,
): Promise<(Outcome | null)[]> {
  const outcomes: (Outcome | null)[] = queries.map(() => null);
  const { promise, resolve } = Promise.withResolvers<(Outcome | null)[]>();
  const timeIsOver = () => resolve([...outcomes]);
  let timer = clock.timer(DNS.lookupTimeoutMs, timeIsOver);
  const ended = (i: number, outcome: Outcome) => {
    outcomes[i] = outcome;
    if (!outcomes.includes(null)) timeIsOver();
    else if (outcome.value.length > 0) {
      timer[Symbol.dispose]();
      timer = clock.timer(DNS.secondFamilyMs, timeIsOver);
    }
  };
  queries.forEach((query, i) =>
    query.then(
      (value) => ended(i, { value, error: null }),
      (error) => ended(i, { value: [], error }),
    )
  );
  return promise.finally(() => timer[Symbol.dispose]());
}

/** Whether a name server said which addresses there are, if only that there are none. */
function isAnswered(outcome: Outcome | null): boolean {
  return outcome !== null && (outcome.error === null || reasonOf(outcome.error) === "nxdomain");
}

function reasonOf(error: unknown): DnsFailureReason {
  const { code = "" } = error as { readonly code?: string };
  return REASONS[code] ?? "other";
}

function failureOf(outcomes: readonly (Outcome | null)[]): ResolveError {
  if (outcomes.includes(null)) {
    const seconds = DNS.lookupTimeoutMs / 1_000;
    return new ResolveError("attempt_timeout", `no answer after ${seconds}s`);
  }
  const error = outcomes.find((outcome) => outcome?.error)?.error;
  if (!error) return new ResolveError("all_addrs_unreachable", "empty answer");
  return new ResolveError(reasonOf(error), errorText(error), { cause: error });
}
