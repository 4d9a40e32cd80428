/**
 * What a session says of its client, and what a client says of a rule.
 *
 * @module
 */

import type { ClientCapabilities } from "../core/capabilities.ts";
import type { RuleState } from "../core/rule.ts";
import { ActivationOutcome, type RuleStatus } from "../wire/gen/portunus/v1/portunus_pb.ts";
import type { Session } from "./session.ts";

/** The state of a rule whose client has not answered yet. */
export const PENDING: RuleState = { kind: "pending" };

/** The state of a rule that its client could not run. */
export const failed = (reason: string): RuleState => ({ kind: "failed", reason });

/** What the client of a session can do. */
export function capabilitiesOf({ clientName, version, protocols }: Session): ClientCapabilities {
  return { name: clientName, version, protocols };
}

/** The state a status leads to, or `null` for one that says nothing about running. */
export function stateFrom({ outcome, reason }: RuleStatus): RuleState | null {
  if (outcome === ActivationOutcome.ACTIVATED) return { kind: "active" };
  if (outcome === ActivationOutcome.FAILED) {
    return failed(reason === "" ? "unspecified" : reason);
  }
  return null;
}
