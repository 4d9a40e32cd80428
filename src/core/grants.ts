/**
 * Grants: where a user may open ports.
 *
 * @module
 */

import { AccessError } from "./errors.ts";
import type { PortRange } from "./ports.ts";
import type { Protocol } from "./rule.ts";

/** Leave to listen on a range of ports of one client, or of all. */
export interface Grant {
  /** A client's display name, or {@linkcode ANY_CLIENT}. */
  readonly client: string;
  readonly listen: PortRange;
  /** Not empty; `tcp` before `udp`. */
  readonly protocols: readonly Protocol[];
}

/** The `client` of a grant for every client. */
export const ANY_CLIENT = "*";

/** What a rule would occupy. */
export interface PushRequest {
  readonly clientName: string;
  readonly protocol: Protocol;
  readonly listen: PortRange;
}

/** Whether `grant` is for the client called `clientName`. */
export function grantNames(grant: Grant, clientName: string): boolean {
  return grant.client === ANY_CLIENT || grant.client === clientName;
}

/**
 * Checks that a single grant covers all of `request`; adjacent grants do not add up.
 *
 * @throws {AccessError} `client_not_granted`, `protocol_not_granted`, `port_outside_grant`
 */
export function checkPush(grants: readonly Grant[], request: PushRequest): void {
  const refusal = pushRefusal(grants, request);
  if (refusal) throw refusal;
}

/** Whether a single grant covers all of `request`. */
export function isGranted(grants: readonly Grant[], request: PushRequest): boolean {
  return pushRefusal(grants, request) === null;
}

function pushRefusal(
  grants: readonly Grant[],
  { clientName, protocol, listen }: PushRequest,
): AccessError | null {
  const ofClient = grants.filter((grant) => grantNames(grant, clientName));
  if (ofClient.length === 0) return new AccessError("client_not_granted");
  const ofProtocol = ofClient.filter((grant) => grant.protocols.includes(protocol));
  if (ofProtocol.length === 0) return new AccessError("protocol_not_granted");
  return ofProtocol.some((grant) =>
      grant.listen.start <= listen.start && listen.end <= grant.listen.end
    )
    ? null
    : new AccessError("port_outside_grant");
}
