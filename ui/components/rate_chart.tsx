import { useMemo } from "preact/hooks";
import type { RuleStatsEvent } from "../api/live_stats.ts";
import { language, t } from "../i18n/i18n.ts";
import { Chart } from "./chart.tsx";
import { formatRate } from "./format.ts";

/** Bytes per second between two reports. */
export interface Rate {
  readonly atMs: number;
  readonly in: number;
  readonly out: number;
}

type Report = Pick<RuleStatsEvent, "updated_at" | "bytes_in" | "bytes_out">;

/** The rates between successive reports; a counter that began again counts as no traffic. */
export function ratesOf(history: readonly Report[]): Rate[] {
  return history.slice(1).map((report, i) => {
    const before = history[i] as Report;
    const atMs = Date.parse(report.updated_at);
    const seconds = (atMs - Date.parse(before.updated_at)) / 1_000;
    const rate = (now: number, then: number) => seconds > 0 ? Math.max(0, now - then) / seconds : 0;
    return {
      atMs,
      in: rate(report.bytes_in, before.bytes_in),
      out: rate(report.bytes_out, before.bytes_out),
    };
  });
}

/** Both directions for as long as this tab has watched. */
export function RateChart({ history }: { readonly history: readonly Report[] }) {
  const [times, series] = useMemo(() => {
    const rates = ratesOf(history);
    return [rates.map((it) => it.atMs / 1_000), [
      { label: t("traffic.in"), colour: "in", values: rates.map((it) => it.in) },
      { label: t("traffic.out"), colour: "out", dashed: true, values: rates.map((it) => it.out) },
    ]] as const;
  }, [history, language.value]);
  if (times.length < 2) return <p class="muted">{t("rule.rates_wait")}</p>;
  return (
    <Chart label={t("rule.rates")} times={times} series={series} format={formatRate} height={220} />
  );
}
