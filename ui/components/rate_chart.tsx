import type { RuleStatsEvent } from "../api/live_stats.ts";
import { t } from "../i18n/i18n.ts";
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

/** Both directions since the page was opened. */
export function RateChart({ history }: { readonly history: readonly Report[] }) {
  const rates = ratesOf(history);
  const [first, last] = [rates[0], rates.at(-1)];
  if (!first || !last || rates.length < 2) return <p class="muted">{t("rule.rates_wait")}</p>;
  const peak = Math.max(1, ...rates.flatMap((it) => [it.in, it.out]));
  const span = Math.max(1, last.atMs - first.atMs);
  const line = (value: (rate: Rate) => number) =>
    rates.map((it, i) =>
      `${i === 0 ? "M" : "L"}${100 * (it.atMs - first.atMs) / span} ${98 - 96 * value(it) / peak}`
    ).join("");
  return (
    <>
      <p class="muted">{t("rule.peak", { rate: formatRate(peak) })}</p>
      <svg
        class="chart"
        viewBox="0 0 100 100"
        preserveAspectRatio="none"
        role="img"
        aria-label={t("rule.now", { in: formatRate(last.in), out: formatRate(last.out) })}
      >
        <path class="in" d={line((it) => it.in)} />
        <path class="out" d={line((it) => it.out)} />
      </svg>
    </>
  );
}
