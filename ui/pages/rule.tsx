import { useLocation, useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import { call, errorText } from "../api/client.ts";
import { type LiveStats, type RuleStatsEvent, useLiveStats } from "../api/live_stats.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Rule } from "../api/types.ts";
import { Confirm } from "../components/dialog.tsx";
import { formatBytes, formatInstant, formatPorts, formatRate } from "../components/format.ts";
import { RateChart, ratesOf } from "../components/rate_chart.tsx";
import { HealthBadge, StateBadge } from "../components/rule_badges.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { Tile } from "../components/tile.tsx";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";

/** One rule: what it forwards, and what it does right now. */
export default function RuleDetail() {
  const ruleId = useRoute().params["ruleId"] ?? "";
  const { data, error, reload } = useQuery(
    "GET /v1/rules/{rule_id}",
    { path: { rule_id: ruleId } },
    { everyMs: 5_000 },
  );
  if (data === undefined || error?.status === 404) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  return <Detail rule={data} />;
}

function Detail({ rule }: { readonly rule: Rule }) {
  const live = useLiveStats(rule.id);
  const latest = live.history.at(-1);
  return (
    <>
      <div class="page-head">
        <div class="row">
          <h1>{t("rule.title", { id: rule.id })}</h1>
          <span class="badge">{rule.protocol.toUpperCase()}</span>
          <StateBadge state={rule.state} />
          <LiveBadge live={live} />
        </div>
        <RemoveButton rule={rule} connections={latest?.active_connections ?? 0} />
      </div>
      {rule.state.kind === "failed" && <p class="alert" role="alert">{rule.state.reason}</p>}
      <Counters rule={rule} live={live} latest={latest} />
      <section class="card">
        <h2>{t("rule.rates")}</h2>
        <RateChart history={live.history} />
      </section>
      <section class="card">
        <h2>{t("rule.targets")}</h2>
        {rule.targets.map((target, i) => (
          <p key={`${target.host}:${target.port}`} class="row">
            <code>
              {target.host}:
              {formatPorts(target.port, i === 0 ? rule.target_port_end : undefined)}
            </code>
            <HealthBadge healthy={target.health?.healthy ?? null} />
            {target.proxy_protocol && <span class="badge">PROXY {target.proxy_protocol}</span>}
            <span class="muted">{perTarget(latest, i)}</span>
          </p>
        ))}
      </section>
      <Facts rule={rule} />
    </>
  );
}

function LiveBadge({ live: { mode, reconnects } }: { readonly live: LiveStats }) {
  return (
    <span
      class={`badge ${mode === "streaming" ? "good" : ""}`}
      title={t("live.reconnects", { n: reconnects })}
    >
      {t(`live.${mode}`)}
    </span>
  );
}

function perTarget(latest: RuleStatsEvent | undefined, index: number): string {
  const stats = latest?.per_target?.find((it) => it.index === index);
  return stats === undefined ? "" : `${formatBytes(stats.bytes_in + stats.bytes_out)}`;
}

interface CountersProps {
  readonly rule: Rule;
  readonly live: LiveStats;
  readonly latest: RuleStatsEvent | undefined;
}

function Counters({ rule, live, latest }: CountersProps) {
  const rate = ratesOf(live.history).at(-1);
  const number = (value: number | undefined) => value === undefined ? "—" : `${value}`;
  return (
    <div class="tiles">
      <Tile label={t("stats.rate_in")} value={rate ? formatRate(rate.in) : "—"} />
      <Tile label={t("stats.rate_out")} value={rate ? formatRate(rate.out) : "—"} />
      <Tile label={t("stats.bytes_in")} value={formatBytes(latest?.bytes_in ?? NaN)} />
      <Tile label={t("stats.bytes_out")} value={formatBytes(latest?.bytes_out ?? NaN)} />
      {rule.protocol === "tcp"
        ? <Tile label={t("stats.connections")} value={number(latest?.active_connections)} />
        : (
          <>
            <Tile label={t("stats.flows")} value={number(latest?.active_flows)} />
            <Tile label={t("stats.datagrams_in")} value={number(latest?.datagrams_in)} />
            <Tile label={t("stats.datagrams_out")} value={number(latest?.datagrams_out)} />
          </>
        )}
      {rule.targets.length > 1 && (
        <Tile label={t("stats.failovers")} value={number(latest?.target_failovers_total)} />
      )}
    </div>
  );
}

function Facts({ rule }: { readonly rule: Rule }) {
  return (
    <section class="card">
      <dl class="facts">
        <dt>{t("column.client")}</dt>
        <dd>{rule.client_name}</dd>
        <dt>{t("column.listen")}</dt>
        <dd>
          <code>{formatPorts(rule.listen_port, rule.listen_port_end)}</code>
        </dd>
        <dt>{t("column.owner")}</dt>
        <dd>{rule.owner_user_id ?? "—"}</dd>
        <dt>SNI</dt>
        <dd>{rule.sni_pattern ?? "—"}</dd>
        <dt>{t("rule.created")}</dt>
        <dd>{formatInstant(rule.created_at)}</dd>
      </dl>
    </section>
  );
}

function RemoveButton(
  { rule, connections }: { readonly rule: Rule; readonly connections: number },
) {
  const { route } = useLocation();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    const result = await call("DELETE /v1/rules/{rule_id}", { path: { rule_id: rule.id } });
    setBusy(false);
    setAsking(false);
    if (!result.ok) return toast("bad", errorText(result.error));
    route("/rules");
    await invalidate("/v1/rules");
  };
  const port = formatPorts(rule.listen_port, rule.listen_port_end);
  return (
    <>
      <button type="button" class="button danger" onClick={() => setAsking(true)}>
        {t("rule.remove")}
      </button>
      {asking && (
        <Confirm
          title={t("rule.remove_title", { id: rule.id })}
          confirm={t("rule.remove")}
          busy={busy}
          onClose={() => setAsking(false)}
          onConfirm={() => void remove()}
        >
          <p>{t("rule.remove_text", { port, client: rule.client_name, n: connections })}</p>
        </Confirm>
      )}
    </>
  );
}
