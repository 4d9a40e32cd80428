import type { Rule } from "../api/types.ts";
import { t } from "../i18n/i18n.ts";

/** The state of a rule; why it failed is in the tooltip. */
export function StateBadge({ state }: Pick<Rule, "state">) {
  const kind = state.kind === "active" ? "good" : state.kind === "failed" ? "bad" : "";
  return (
    <span class={`badge ${kind}`} title={state.kind === "failed" ? state.reason : undefined}>
      {t(`rule_state.${state.kind}`)}
    </span>
  );
}

/** How a target does, as far as its client said. */
export function HealthBadge({ healthy }: { readonly healthy: boolean | null }) {
  if (healthy === null) return <span class="badge">{t("health.unknown")}</span>;
  return (
    <span class={`badge ${healthy ? "good" : "bad"}`}>
      {t(healthy ? "health.healthy" : "health.failed")}
    </span>
  );
}
