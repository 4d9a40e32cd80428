/**
 * The operating system's name service: hosts file, search list and DNS servers as configured.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import { FORWARD } from "../core/limits.ts";
import { type DnsFailureReason, ResolveError, type Resolver } from "./resolver.ts";

/** The addresses of `host` as IP literals, in the system's order. Errors carry a `code`. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** getaddrinfo(3). It waits in a thread of its own, and what it waits for can't be called off. */
const getaddrinfo: Lookup = async (host) => {
  const answers = await lookup(host, { all: true, order: "verbatim" });
  return answers.map(({ address }) => address);
};

/** Codes of getaddrinfo(3) as `node:dns` names them; the rest is `other`. */
const REASONS: Readonly<Record<string, DnsFailureReason>> = {
  ENOTFOUND: "nxdomain",
  ENODATA: "nxdomain",
  EAI_NONAME: "nxdomain",
  EAI_NODATA: "nxdomain",
  EAI_AGAIN: "servfail",
  EAI_FAIL: "servfail",
  ESERVFAIL: "servfail",
  ETIMEOUT: "attempt_timeout",
};

/** A resolver that asks the system each time and gives up after the lookup timeout. */
export function createSystemResolver(
  { clock, lookup = getaddrinfo }: { readonly clock: Clock; readonly lookup?: Lookup },
): Resolver {
  return {
    async resolve(host) {
      const addresses = await answerInTime(lookup(host), clock);
      if (addresses.length === 0) throw new ResolveError("all_addrs_unreachable", "empty answer");
      return { addresses, source: "fresh" };
    },
  };
}

async function answerInTime(
  answer: Promise<readonly string[]>,
  clock: Clock,
): Promise<readonly string[]> {
  const late = Promise.withResolvers<never>();
  using _timeout = clock.timer(FORWARD.lookupTimeoutMs, () => {
    const seconds = FORWARD.lookupTimeoutMs / 1_000;
    late.reject(new ResolveError("attempt_timeout", `no answer after ${seconds}s`));
  });
  try {
    return await Promise.race([answer, late.promise]);
  } catch (error) {
    if (error instanceof ResolveError) throw error;
    const { code = "" } = error as { readonly code?: string };
    throw new ResolveError(REASONS[code] ?? "other", errorText(error), { cause: error });
  }
}
