/**
 * The operator's side of a login on a protected host: somebody with a session there gets a code for
 * the host they come from.
 *
 * @module
 */

import { AccessError, PortunusError } from "../../core/errors.ts";
import { PUBLISH_ACCESS } from "../../core/publish_limits.ts";
import type { OneTimeCodes } from "./one_time_codes.ts";
import { CALLBACK_PATH } from "./paths.ts";
import { mayVisit, type ProtectedHosts, type Visitors } from "./visitors.ts";

export interface AuthorizeRequest {
  readonly userId: string;
  /** Where the browser was going: the `rd` of the gate's redirect. */
  readonly target: string;
  /** Of the browser; the `state` of the gate's redirect. */
  readonly state: string;
}

export interface Authorized {
  readonly host: string;
  /** Where the browser goes with its code. */
  readonly location: string;
}

export interface AuthorizerOptions {
  readonly codes: OneTimeCodes;
  readonly hosts: ProtectedHosts;
  readonly visitors: Visitors;
}

export class Authorizer {
  readonly #options: AuthorizerOptions;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /**
   * @throws {PortunusError} `redirect_invalid` when the target is not on a protected host;
   * `host_not_allowed` for a user who may not go there
   */
  async authorize({ userId, target, state }: AuthorizeRequest): Promise<Authorized> {
    const { codes, hosts, visitors } = this.#options;
    const url = targetUrl(target);
    const policy = url === null ? undefined : hosts.policyOf(url.hostname);
    if (url === null || policy === undefined || !/^[0-9a-f]{64}$/.test(state)) {
      throw new PortunusError("redirect_invalid", "no protected host is there");
    }
    const visitor = await visitors.current(userId);
    if (visitor === null || !mayVisit(policy, visitor)) {
      throw new AccessError("host_not_allowed", `you may not visit ${url.hostname}`);
    }
    const { version } = visitor;
    const path = url.pathname + url.search;
    const code = codes.issue({ host: url.hostname, user: userId, version, state, path });
    return { host: url.hostname, location: `https://${url.host}${CALLBACK_PATH}?code=${code}` };
  }
}

/**
 * An absolute https address without credentials, read as browsers read it; `null` for anything
 * else. Ports are not looked at: cookies know none, so a host is trusted on all of them or on none.
 */
export function targetUrl(text: string): URL | null {
  if (text.length > PUBLISH_ACCESS.targetMaxChars) return null;
  const url = URL.parse(text);
  if (url === null || url.protocol !== "https:") return null;
  return url.username === "" && url.password === "" ? url : null;
}
