/**
 * What is wrong right now, in one place: rules that failed, targets that are down, clients away.
 *
 * @module
 */

import type { ComponentChildren } from "preact";
import type { Client, Rule } from "../api/types.ts";
import { formatPorts } from "../components/format.ts";
import { t } from "../i18n/i18n.ts";

export interface Problems {
  readonly offline: readonly Client[];
  readonly failed: readonly Rule[];
  /** Rules with targets that their client cannot reach, and those targets. */
  readonly down: readonly { readonly rule: Rule; readonly targets: readonly string[] }[];
}

/** What is wrong with what there is. Revoked clients are away on purpose. */
export function problemsOf(clients: readonly Client[], rules: readonly Rule[]): Problems {
  return {
    offline: clients.filter((it) => it.revoked_at === null && !it.connected),
    failed: rules.filter((it) => it.state.kind === "failed"),
    down: rules.map((rule) => ({ rule, targets: downTargets(rule) }))
      .filter((it) => it.targets.length > 0),
  };
}

function downTargets({ targets }: Rule): string[] {
  return targets.filter((it) => it.health?.healthy === false).map((it) => `${it.host}:${it.port}`);
}

export interface ProblemsProps {
  readonly problems: Problems;
  /** What else is worth an alarm. */
  readonly notes?: readonly string[];
}

/** One line above everything, where there is something. */
export function ProblemBanner({ problems: { offline, failed, down }, notes = [] }: ProblemsProps) {
  const targets = down.reduce((n, it) => n + it.targets.length, 0);
  const parts = [
    ...failed.length > 0 ? [t("problems.failed", { n: failed.length })] : [],
    ...targets > 0 ? [t("problems.down", { n: targets })] : [],
    ...offline.length > 0 ? [t("problems.offline", { n: offline.length })] : [],
    ...notes,
  ];
  if (parts.length === 0) return null;
  return <p class="alert warn" role="alert">{parts.join(" · ")}</p>;
}

const SHOWN_MAX = 8;

/** Every problem with the way to it, the worst first. */
export function ProblemList({ problems: { offline, failed, down } }: ProblemsProps) {
  const lines: ComponentChildren[] = [
    ...failed.map((it) => (
      <li key={`failed ${it.id}`}>
        <span class="badge bad">{t("rule_state.failed")}</span> <RuleLink rule={it} />
        {it.state.kind === "failed" && <span class="muted">{it.state.reason}</span>}
      </li>
    )),
    ...down.map(({ rule, targets }) => (
      <li key={`down ${rule.id}`}>
        <span class="badge bad">{t("health.failed")}</span> <RuleLink rule={rule} />
        <code>{targets.join(", ")}</code>
      </li>
    )),
    ...offline.map((it) => (
      <li key={`offline ${it.client_id}`}>
        <span class="badge bad">{t("client.offline")}</span>{" "}
        <a href={`/clients/${it.client_id}`}>{it.client_name}</a>
      </li>
    )),
  ];
  return (
    <section class="card">
      <h2>{t("dashboard.status")}</h2>
      {lines.length === 0
        ? <p class="muted">{t("dashboard.all_well")}</p>
        : <ul class="problems">{lines.slice(0, SHOWN_MAX)}</ul>}
      {lines.length > SHOWN_MAX && (
        <a href="/topology?problems=1">{t("problems.more", { n: lines.length - SHOWN_MAX })}</a>
      )}
    </section>
  );
}

function RuleLink({ rule }: { readonly rule: Rule }) {
  return (
    <a href={`/rules/${rule.id}`}>
      {rule.client_name}:{formatPorts(rule.listen_port, rule.listen_port_end)}
    </a>
  );
}
