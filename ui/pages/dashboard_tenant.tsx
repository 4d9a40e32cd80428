import { useQuery } from "../api/query.ts";
import { sumOf, useRuleReadings } from "../api/rule_rates.ts";
import type { Range } from "../api/traffic.ts";
import type { Client, Quota } from "../api/types.ts";
import { currentUser } from "../app/session.ts";
import { formatBytes, formatCount, formatRate } from "../components/format.ts";
import { QuotaBar } from "../components/quota_bar.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { Tile } from "../components/tile.tsx";
import { t } from "../i18n/i18n.ts";
import { Checklist } from "./checklist.tsx";
import { ProblemBanner, ProblemList, problemsOf } from "./problems.tsx";
import { queryOf, TrafficChart, useWindow } from "./traffic_panel.tsx";

const EVERY = { everyMs: 5_000 };

/** From this share of a quota on, it is worth a warning. */
const WARN_PERCENT = 80;

/** What is a user's own. */
export function TenantDashboard({ range }: { readonly range: Range }) {
  const path = { user_id: currentUser().user_id };
  const clients = useQuery("GET /v1/clients", {}, EVERY);
  const rules = useQuery("GET /v1/rules", { query: {} }, EVERY);
  const quotas = useQuery("GET /v1/users/{user_id}/quotas", { path });
  const window = useWindow(range);
  const query = queryOf(window);
  const traffic = useQuery("GET /v1/users/{user_id}/traffic", { path, query });
  const { bytesIn, bytesOut } = sumOf(useRuleReadings());
  if (rules.data === undefined || clients.data === undefined || quotas.data === undefined) {
    const error = rules.error ?? clients.error ?? quotas.error;
    const reload = () => (rules.reload(), clients.reload(), quotas.reload());
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const used = new Set(rules.data.map((it) => it.client_id));
  const own = clients.data.filter((it) => used.has(it.client_id));
  const problems = problemsOf(own, rules.data);
  const near = quotas.data.filter((it) => percentOf([it]) >= WARN_PERCENT);
  const total = traffic.data && traffic.data.total_bytes_in + traffic.data.total_bytes_out;
  return (
    <>
      <ProblemBanner
        problems={problems}
        notes={near.map((it) =>
          t("problems.quota", { client: it.client_name, percent: percentOf([it]) })
        )}
      />
      <Checklist
        enrolled={clients.data.length > 0}
        connected={clients.data.some((it) => it.connected)}
        pushed={rules.data.length > 0}
        moved={bytesIn + bytesOut > 0}
      />
      <Numbers
        range={range}
        clients={own}
        rules={rules.data.length}
        quotas={quotas.data}
        total={total}
      />
      <section class="card">
        <h2>{t("dashboard.traffic")}</h2>
        <TrafficChart state={traffic} window={window} />
      </section>
      <div class="columns">
        <ProblemList problems={problems} />
        {quotas.data.length > 0 && (
          <section class="card">
            <h2>{t("quota.title")}</h2>
            {quotas.data.map((it) => (
              <div key={it.client_id}>
                <b>{it.client_name}</b>
                <QuotaBar quota={it} />
              </div>
            ))}
          </section>
        )}
      </div>
    </>
  );
}

interface NumbersProps {
  readonly range: Range;
  readonly clients: readonly Client[];
  readonly rules: number;
  readonly quotas: readonly Quota[];
  /** Bytes in the range, once they are known. */
  readonly total: number | undefined;
}

function Numbers({ range, clients, rules, quotas, total }: NumbersProps) {
  const { active, rate } = sumOf(useRuleReadings());
  return (
    <div class="tiles six">
      <Tile
        label={t("dashboard.my_clients")}
        value={`${clients.filter((it) => it.connected).length} / ${clients.length}`}
        href="/clients"
      />
      <Tile
        label={t("dashboard.my_rules")}
        value={formatCount(rules)}
        href="/rules"
      />
      <Tile label={t("dashboard.moved", { range })} value={formatBytes(total ?? NaN)} />
      <Tile
        label={t("quota.used")}
        value={quotas.length === 0 ? t("quota.none") : `${percentOf(quotas)} %`}
        href={`/users/${currentUser().user_id}`}
      />
      <Tile label={t("stats.connections")} value={formatCount(active)} />
      <Tile
        label={t("dashboard.throughput")}
        value={rate === null ? "—" : formatRate(rate.in + rate.out)}
        href="/topology"
      />
    </div>
  );
}

/** How much of some quotas is used; nothing left is all of it. */
function percentOf(quotas: readonly Quota[]): number {
  const limit = quotas.reduce((n, it) => n + it.monthly_bytes, 0);
  const used = quotas.reduce((n, it) => n + it.current_period_bytes_used, 0);
  return limit > 0 ? Math.floor(100 * used / limit) : 100;
}
