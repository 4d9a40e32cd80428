import type { StoredRule } from "../../store/rules.ts";
import type { StoredTunnel } from "../../store/tunnels.ts";

export const TUNNEL_STATES = [
  "provisioning",
  "active",
  "failed",
  "disabled",
  "detached",
] as const;

/** A tunnel's state, as operators see it. */
export type TunnelState =
  | { readonly kind: Exclude<typeof TUNNEL_STATES[number], "failed"> }
  | { readonly kind: "failed"; readonly reason: string };

/** The state of a tunnel whose rule is `rule`; without one it was removed, or never there. */
export function tunnelState(
  { enabled, progress }: StoredTunnel,
  rule: StoredRule | undefined,
): TunnelState {
  if (!enabled) return { kind: "disabled" };
  if (progress.kind !== "active") return progress;
  if (rule === undefined) return { kind: "detached" };
  if (rule.state.kind === "failed") return rule.state;
  // A rule is pending from a client's connecting until it has answered.
  return rule.state.kind === "pending" ? { kind: "provisioning" } : { kind: "active" };
}
