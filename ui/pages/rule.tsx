import { useLocation, useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import { type LiveStats, type RuleStatsEvent, useLiveStats } from "../api/live_stats.ts";
import { useQuery } from "../api/query.ts";
import type { Rule } from "../api/types.ts";
import { useCrumb } from "../app/crumb.ts";
import { Age } from "../components/age.tsx";
import { AsCommand } from "../components/as_command.tsx";
import { formatBytes, formatInstant, formatPorts, formatRate } from "../components/format.ts";
import { RateChart, ratesOf } from "../components/rate_chart.tsx";
import { StateBadge } from "../components/rule_badges.tsx";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { Tile } from "../components/tile.tsx";
import { t } from "../i18n/i18n.ts";
import { CapFacts, CapsDialog, mayHaveCaps } from "../rules/caps.tsx";
import { RemoveDialog } from "../rules/remove_dialog.tsx";
import { ruleBody } from "../rules/rule_body.ts";
import { pushCommands } from "../rules/rule_commands.ts";
import { ruleFields } from "../rules/rule_fields.ts";
import { TargetTable } from "../rules/target_table.tsx";

/** Clients report every five seconds; two reports that are missing are worth a word. */
const STALE_MS = 15_000;

/** One rule: what it forwards, and what it does right now. */
export default function RuleDetail() {
  const ruleId = useRoute().params["ruleId"] ?? "";
  const { data, error, reload } = useQuery(
    "GET /v1/rules/{rule_id}",
    { path: { rule_id: ruleId } },
    { everyMs: 5_000 },
  );
  if (error?.status === 404) {
    return (
      <Empty title={t("rule.gone", { id: ruleId })}>
        <a class="button" href="/rules">{t("rule.back")}</a>
      </Empty>
    );
  }
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  return <Detail key={data.id} rule={data} />;
}

function Detail({ rule }: { readonly rule: Rule }) {
  useCrumb(t("rule.title", { id: rule.id }));
  const live = useLiveStats(rule.id);
  const latest = live.history.at(-1);
  return (
    <>
      <Head rule={rule} live={live} />
      {rule.state.kind === "failed" && <p class="alert" role="alert">{rule.state.reason}</p>}
      <Counters rule={rule} live={live} latest={latest} />
      <section class="card">
        <div class="section-head">
          <h2>{t("rule.rates")}</h2>
          <Age at={latest?.updated_at ?? null} staleAfterMs={STALE_MS} />
        </div>
        <RateChart history={live.history} />
      </section>
      <section class="stack">
        <h2>{t("rule.targets")}</h2>
        <TargetTable rule={rule} latest={latest} />
      </section>
      <div class="columns">
        <Facts rule={rule} />
        <Caps rule={rule} />
      </div>
      <AsCommand {...pushCommands(ruleBody(ruleFields(rule), rule.client_name))} />
    </>
  );
}

interface HeadProps {
  readonly rule: Rule;
  readonly live: LiveStats;
}

function Head({ rule, live }: HeadProps) {
  const { route } = useLocation();
  const [removing, setRemoving] = useState(false);
  const listen = formatPorts(rule.listen_port, rule.listen_port_end);
  const target = `${rule.target_host}:${formatPorts(rule.target_port, rule.target_port_end)}`;
  return (
    <div class="page-head">
      <div class="stack-tight">
        <div class="row">
          <h1>{t("rule.title", { id: rule.id })}</h1>
          <span class="badge">{rule.protocol.toUpperCase()}</span>
          <StateBadge state={rule.state} />
          {rule.targets.length > 1 && (
            <span class="badge">{t("rule.n_targets", { n: rule.targets.length })}</span>
          )}
          <LiveBadge live={live} />
        </div>
        <p class="muted">
          {rule.client_name} · <code>{listen} → {target}</code>
        </p>
      </div>
      <a class="button" href={`/rules/${rule.id}/edit`}>{t("action.edit")}</a>
      <a class="button" href={`/rules/new?from=${rule.id}`}>{t("rule.clone")}</a>
      <button type="button" class="button danger" onClick={() => setRemoving(true)}>
        {t("rule.remove")}
      </button>
      {removing && (
        <RemoveDialog
          rules={[rule]}
          onClose={() => setRemoving(false)}
          onRemoved={() => route("/rules")}
        />
      )}
    </div>
  );
}

function LiveBadge({ live: { mode, reconnects } }: { readonly live: LiveStats }) {
  const kind = { streaming: "good", polling: "warn", connecting: "" }[mode];
  return (
    <span class={`badge ${kind}`} title={t("live.reconnects", { n: reconnects })}>
      {t(`live.${mode}`)}
    </span>
  );
}

interface CountersProps extends HeadProps {
  readonly latest: RuleStatsEvent | undefined;
}

function Counters({ rule, live, latest }: CountersProps) {
  const rate = ratesOf(live.history).at(-1);
  const number = (value: number | undefined) => value === undefined ? "—" : `${value}`;
  return (
    <div class="tiles rule-tiles">
      <Tile label={t("stats.rate_in")} value={rate ? formatRate(rate.in) : "—"} />
      <Tile label={t("stats.rate_out")} value={rate ? formatRate(rate.out) : "—"} />
      <Tile label={t("stats.bytes_in")} value={formatBytes(latest?.bytes_in ?? NaN)} />
      <Tile label={t("stats.bytes_out")} value={formatBytes(latest?.bytes_out ?? NaN)} />
      {rule.protocol === "tcp"
        ? <Tile label={t("stats.connections")} value={number(latest?.active_connections)} />
        : (
          <>
            <Tile label={t("stats.flows")} value={number(latest?.active_flows)} />
            <Tile label={t("stats.dropped")} value={number(latest?.flows_dropped_overflow)} />
            <Tile label={t("stats.datagrams_in")} value={number(latest?.datagrams_in)} />
            <Tile label={t("stats.datagrams_out")} value={number(latest?.datagrams_out)} />
          </>
        )}
      <Tile label={t("stats.dns_failures")} value={number(latest?.dns_failures)} />
      {rule.targets.length > 1 && (
        <Tile label={t("stats.failovers")} value={number(latest?.target_failovers_total)} />
      )}
    </div>
  );
}

function Facts({ rule }: { readonly rule: Rule }) {
  const { health_check_interval_secs: interval } = rule;
  return (
    <section class="card">
      <h2>{t("rule.facts")}</h2>
      <dl class="facts">
        <dt>{t("column.client")}</dt>
        <dd>
          <a href={`/clients/${rule.client_id}`}>{rule.client_name}</a>
        </dd>
        <dt>{t("column.owner")}</dt>
        <dd>{rule.owner_user_id ?? "—"}</dd>
        <dt>SNI</dt>
        <dd>{rule.sni_pattern ? <code>{rule.sni_pattern}</code> : "—"}</dd>
        <dt>{t("rule.health_checks")}</dt>
        <dd>{interval ? t("rule.every", { n: interval }) : t("rule.passive")}</dd>
        <dt>{t("rule.addresses")}</dt>
        <dd>{rule.prefer_ipv6 ? "IPv6, IPv4" : "IPv4, IPv6"}</dd>
        <dt>{t("rule.created")}</dt>
        <dd>{formatInstant(rule.created_at)}</dd>
        <dt>{t("rule.changed")}</dt>
        <dd>{formatInstant(rule.last_state_change_at)}</dd>
      </dl>
    </section>
  );
}

function Caps({ rule }: { readonly rule: Rule }) {
  const [editing, setEditing] = useState(false);
  return (
    <section class="card">
      <div class="section-head">
        <h2>{t("rule_form.caps")}</h2>
        {mayHaveCaps(rule) && (
          <button type="button" class="button" onClick={() => setEditing(true)}>
            {t("caps.edit")}
          </button>
        )}
      </div>
      {mayHaveCaps(rule)
        ? <CapFacts limits={rule.rate_limit} />
        : <p class="muted">{t("caps.range")}</p>}
      {editing && <CapsDialog rule={rule} onClose={() => setEditing(false)} />}
    </section>
  );
}
