/**
 * What a client tells the one that takes its place.
 *
 * @module
 */

import type { StateOwner } from "./client_state.ts";

/** What it does: the state of its successor. */
export interface Place {
  /** As `client_state.ts` has it. */
  readonly client: string;
  /** Variables of its service manager. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What it has forwarded. */
export interface News {
  /** As `carried_counters.ts` has them; rules that nothing happened to may be missing. */
  readonly counters: string;
  /** Owners, and the bytes that are left of their quotas, in decimal. */
  readonly quotas: readonly (readonly [string, string])[];
}

/** Whose place it is: a client of the same name at another server is somebody else. */
export function identityOf({ clientId, clientName, serverCertSha256 }: StateOwner): string {
  return `client ${clientId ?? clientName} of ${serverCertSha256}`;
}
