/**
 * Whether names lead here.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { PUBLISH } from "../../core/limits.ts";
import { parseIpv6 } from "../../core/ip.ts";

/** The addresses of `name`, of one family; none when there is no such name. */
export type LookUp = (name: string, family: 4 | 6) => Promise<readonly string[]>;

/** What was found for a name. */
export interface DnsFinding {
  /** Whether it leads to the expected address; without one, whether it leads anywhere. */
  readonly ok: boolean;
  readonly resolvedIps: readonly string[];
  /** `null` when it is not known what to expect. */
  readonly expectedIp: string | null;
  /** What was found, and what to do about it. */
  readonly message: string;
}

/** Looks `name` up and compares. Failures of the name service are a finding, too. */
export async function checkHost(
  name: string,
  expectedIp: string | null,
  lookUp: LookUp,
): Promise<DnsFinding> {
  const type = expectedIp !== null && parseIpv6(expectedIp) !== null ? "AAAA" : "A";
  const finding = (ok: boolean, resolvedIps: readonly string[], message: string): DnsFinding => ({
    ok,
    resolvedIps,
    expectedIp,
    message,
  });
  let found: readonly string[];
  try {
    found = await lookUp(name, type === "AAAA" ? 6 : 4);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return finding(false, [], `${name} cannot be looked up: ${why}`);
  }
  const said = `${name} has ${found.length === 0 ? `no ${type} record` : found.join(", ")}`;
  if (expectedIp === null) {
    if (found.length === 0) return finding(false, found, `${said}; give it one`);
    const note = "publish.public_ip is not set, so it was not compared";
    return finding(true, found, `${said}; ${note}`);
  }
  if (!found.includes(expectedIp)) {
    return finding(false, found, `${said}; expected ${expectedIp}`);
  }
  if (found.length === 1) return finding(true, found, `${said}, as expected`);
  const others = "the other addresses have to lead to this server, too";
  return finding(true, found, `${said}; expected ${expectedIp} is among them, ${others}`);
}

/**
 * Looks names up by the system's name service, or the one at `server`.
 *
 * @throws {Error} when it does not answer in time, or with a failure
 */
export function systemLookUp(
  { server, clock }: {
    readonly server: { readonly host: string; readonly port: number } | null;
    readonly clock: Clock;
  },
): LookUp {
  return async (name, family) => {
    const timeout = new AbortController();
    using _ = clock.timer(
      PUBLISH.lookUpTimeoutMs,
      () => timeout.abort(new Error("the name service does not answer")),
    );
    try {
      return await Deno.resolveDns(name, family === 4 ? "A" : "AAAA", {
        signal: timeout.signal,
        ...(server === null ? {} : { nameServer: { ipAddr: server.host, port: server.port } }),
      });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  };
}
