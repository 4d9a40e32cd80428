import { parseMetrics, totalOf } from "../api/prometheus.ts";
import { useQuery } from "../api/query.ts";
import { type RuleReadings, sumOf, useRuleReadings } from "../api/rule_rates.ts";
import type { Range, Window } from "../api/traffic.ts";
import type { Client, Rule, User } from "../api/types.ts";
import { Bars } from "../components/bars.tsx";
import { formatBytes, formatCount, formatPorts, formatRate } from "../components/format.ts";
import { ErrorState, Loading } from "../components/states.tsx";
import { Tile } from "../components/tile.tsx";
import { t } from "../i18n/i18n.ts";
import { Checklist } from "./checklist.tsx";
import { ProblemBanner, ProblemList, type Problems, problemsOf } from "./problems.tsx";
import { queryOf, TrafficChart, useWindow } from "./traffic_panel.tsx";
import { type Mover, topOf, useShares } from "./traffic_shares.ts";

const EVERY = { everyMs: 5_000 };
const TOP_RULES = 5;

/** Everything on this server. */
export function AdminDashboard({ range }: { readonly range: Range }) {
  const clients = useQuery("GET /v1/clients", {}, EVERY);
  const rules = useQuery("GET /v1/rules", { query: {} }, EVERY);
  const users = useQuery("GET /v1/users", {}, EVERY);
  const readings = useRuleReadings();
  const window = useWindow(range);
  if (rules.data === undefined || clients.data === undefined || users.data === undefined) {
    const error = rules.error ?? clients.error ?? users.error;
    const reload = () => (rules.reload(), clients.reload(), users.reload());
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const known = clients.data.filter((it) => it.revoked_at === null);
  const problems = problemsOf(known, rules.data);
  const { bytesIn, bytesOut } = sumOf(readings);
  return (
    <>
      <ProblemBanner problems={problems} />
      <Checklist
        enrolled={known.length > 0}
        connected={known.some((it) => it.connected)}
        pushed={rules.data.length > 0}
        moved={bytesIn + bytesOut > 0}
      />
      <Numbers clients={known} rules={rules.data} readings={readings} problems={problems} />
      <GlobalTraffic window={window} />
      <div class="columns">
        <section class="card">
          <h2>{t("dashboard.top_rules")}</h2>
          <TopRules rules={rules.data} readings={readings} />
        </section>
        <ProblemList problems={problems} />
        <section class="card">
          <h2>{t("dashboard.by_client")}</h2>
          <Shares movers={known.map(clientMover)} window={window} />
        </section>
        <section class="card">
          <h2>{t("dashboard.by_user")}</h2>
          <Shares movers={users.data.filter((it) => !it.disabled).map(userMover)} window={window} />
        </section>
      </div>
    </>
  );
}

const clientMover = ({ client_id, client_name }: Client): Mover => ({
  kind: "client",
  id: client_id,
  name: client_name,
});

const userMover = ({ user_id }: User): Mover => ({ kind: "user", id: user_id, name: user_id });

interface NumbersProps {
  readonly clients: readonly Client[];
  readonly rules: readonly Rule[];
  readonly readings: RuleReadings;
  readonly problems: Problems;
}

function Numbers({ clients, rules, readings, problems: { offline, down, failed } }: NumbersProps) {
  const metrics = useQuery("GET /v1/metrics", {}, EVERY);
  const samples = parseMetrics(metrics.data ?? "");
  const total = totalOf(samples, "portunus_rule_bytes_in_total") +
    totalOf(samples, "portunus_rule_bytes_out_total");
  const { active, rate } = sumOf(readings);
  const targets = rules.reduce((n, it) => n + it.targets.length, 0);
  const broken = down.reduce((n, it) => n + it.targets.length, 0);
  return (
    <div class="tiles six">
      <Tile
        label={t("dashboard.clients")}
        value={`${clients.length - offline.length} / ${clients.length}`}
        href={offline.length > 0 ? "/clients?status=offline" : "/clients"}
      />
      <Tile
        label={t("dashboard.rules")}
        value={formatCount(rules.filter((it) => it.state.kind === "active").length)}
        href={failed.length > 0 ? "/rules?state=failed" : "/rules"}
      />
      <Tile
        label={t("dashboard.targets")}
        value={`${targets - broken} / ${targets}`}
        href={broken > 0 ? "/topology?problems=1" : "/topology"}
      />
      <Tile
        label={t("dashboard.throughput")}
        value={rate === null ? "—" : formatRate(rate.in + rate.out)}
        href="/topology"
      />
      <Tile label={t("dashboard.total")} value={formatBytes(metrics.data ? total : NaN)} />
      <Tile label={t("stats.connections")} value={formatCount(active)} />
    </div>
  );
}

function GlobalTraffic({ window }: { readonly window: Window }) {
  const state = useQuery("GET /v1/traffic/global", { query: queryOf(window) });
  return (
    <section class="card">
      <h2>{t("dashboard.traffic")}</h2>
      <TrafficChart state={state} window={window} />
    </section>
  );
}

interface TopRulesProps {
  readonly rules: readonly Rule[];
  readonly readings: RuleReadings;
}

function TopRules({ rules, readings }: TopRulesProps) {
  const bars = rules.map((it) => {
    const { bytesIn = 0, bytesOut = 0 } = readings.get(it.id) ?? {};
    const port = formatPorts(it.listen_port, it.listen_port_end);
    const label = `${it.client_name}:${port}`;
    return { key: `${it.id}`, label, href: `/rules/${it.id}`, bytesIn, bytesOut };
  });
  return <Bars label={t("dashboard.top_rules")} bars={topOf(bars, TOP_RULES)} />;
}

interface SharesProps {
  readonly movers: readonly Mover[];
  readonly window: Window;
}

function Shares({ movers, window }: SharesProps) {
  const bars = useShares(movers, window);
  return bars === undefined ? <Loading /> : <Bars label={t("traffic.title")} bars={bars} />;
}
