import { t } from "../i18n/i18n.ts";
import { formatBytes } from "./format.ts";

/** How much somebody moved. */
export interface Bar {
  readonly key: string;
  readonly label: string;
  readonly href: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface BarsProps {
  readonly label: string;
  readonly bars: readonly Bar[];
}

/** Amounts beside each other, the larger part of what is listed first. */
export function Bars({ label, bars }: BarsProps) {
  const most = Math.max(1, ...bars.map((it) => it.bytesIn + it.bytesOut));
  const share = (bytes: number) => ({ width: `${100 * bytes / most}%` });
  if (bars.length === 0) return <p class="muted">{t("traffic.none")}</p>;
  return (
    <ul class="bars" aria-label={label}>
      {bars.map((it) => (
        <li key={it.key}>
          <a href={it.href}>{it.label}</a>
          <span
            class="bar"
            title={t("traffic.totals", {
              in: formatBytes(it.bytesIn),
              out: formatBytes(it.bytesOut),
            })}
          >
            <i class="in" style={share(it.bytesIn)} />
            <i class="out" style={share(it.bytesOut)} />
          </span>
          <b>{formatBytes(it.bytesIn + it.bytesOut)}</b>
        </li>
      ))}
    </ul>
  );
}
