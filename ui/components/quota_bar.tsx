import type { Quota } from "../api/types.ts";
import { t } from "../i18n/i18n.ts";
import { formatBytes, formatDay } from "./format.ts";

/** How much of a quota is used, and until when it counts. */
export function QuotaBar({ quota }: { readonly quota: Quota }) {
  const { monthly_bytes: limit, current_period_bytes_used: used, exhausted } = quota;
  const percent = limit > 0 ? Math.min(100, Math.floor(100 * used / limit)) : 100;
  const kind = exhausted ? "bad" : percent >= 80 ? "warn" : "";
  return (
    <div class="quota">
      <span>
        {formatBytes(used)} / {formatBytes(limit)} · {percent} %{" "}
        {exhausted && <span class="badge bad">{t("quota.exhausted")}</span>}
      </span>
      <progress class={kind} max={100} value={percent} aria-label={t("quota.used")} />
      <small class="muted">
        {t("quota.until", { day: formatDay(quota.current_period_ends_at) })}
      </small>
    </div>
  );
}
