import { currentUser, isSuperadmin } from "../app/session.ts";
import { type Range, RANGES } from "../api/traffic.ts";
import { useUrlState } from "../app/url_state.ts";
import { t } from "../i18n/i18n.ts";
import { AdminDashboard } from "./dashboard_admin.tsx";
import { TenantDashboard } from "./dashboard_tenant.tsx";
import { RangeButtons } from "./traffic_panel.tsx";

/** What there is, what it moves, and what is wrong with it. */
export default function Dashboard() {
  const { query, set } = useUrlState();
  const range: Range = RANGES.find((it) => it === query["range"]) ?? "24h";
  return (
    <>
      <div class="page-head">
        <h1>{t("dashboard.hello", { name: currentUser().display_name })}</h1>
        <RangeButtons range={range} onChange={(it) => set({ range: it === "24h" ? "" : it })} />
      </div>
      {isSuperadmin() ? <AdminDashboard range={range} /> : <TenantDashboard range={range} />}
    </>
  );
}
