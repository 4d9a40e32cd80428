import { useEffect, useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import { type Range, RANGES, ratesIn, type Window, windowOf } from "../api/traffic.ts";
import type { Traffic } from "../api/types.ts";
import { useUrlState } from "../app/url_state.ts";
import { Chart } from "../components/chart.tsx";
import { formatBytes, formatRate } from "../components/format.ts";
import { ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";

export interface TrafficPanelProps {
  readonly of: "user" | "client";
  readonly id: string;
}

/** What a user, or everybody on a client, has moved. */
export function TrafficPanel({ of, id }: TrafficPanelProps) {
  const { query, set } = useUrlState();
  const range = RANGES.find((it) => it === query["range"]) ?? "24h";
  const window = useWindow(range);
  return (
    <section class="card">
      <div class="section-head">
        <h2>{t("traffic.title")}</h2>
        <RangeButtons range={range} onChange={(it) => set({ range: it })} />
      </div>
      {of === "user"
        ? <UserTraffic key={id} userId={id} window={window} />
        : <ClientTraffic key={id} clientId={id} window={window} />}
    </section>
  );
}

/** The window that ends now, checked every few seconds. */
export function useWindow(range: Range): Window {
  const [, setRound] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setRound((it) => it + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  return windowOf(range, Date.now());
}

export interface RangeButtonsProps {
  readonly range: Range;
  readonly onChange: (range: Range) => void;
}

export function RangeButtons({ range, onChange }: RangeButtonsProps) {
  return (
    <div class="segments" role="group" aria-label={t("traffic.range")}>
      {RANGES.map((it) => (
        <button
          key={it}
          type="button"
          aria-pressed={it === range}
          onClick={() => onChange(it)}
        >
          {it}
        </button>
      ))}
    </div>
  );
}

interface UserTrafficProps {
  readonly userId: string;
  readonly window: Window;
}

function UserTraffic({ userId, window }: UserTrafficProps) {
  const query = queryOf(window);
  const state = useQuery("GET /v1/users/{user_id}/traffic", { path: { user_id: userId }, query });
  return <TrafficChart state={state} window={window} />;
}

interface ClientTrafficProps {
  readonly clientId: string;
  readonly window: Window;
}

function ClientTraffic({ clientId, window }: ClientTrafficProps) {
  const state = useQuery("GET /v1/clients/{client_id}/traffic", {
    path: { client_id: clientId },
    query: queryOf(window),
  });
  return <TrafficChart state={state} window={window} />;
}

/** How a window is asked for. */
export function queryOf({ from, to, bucket }: Window) {
  return { from, to, bucket };
}

export interface TrafficChartProps {
  readonly state: Pick<
    ReturnType<typeof useQuery<"GET /v1/traffic/global">>,
    "data" | "error" | "reload"
  >;
  readonly window: Window;
}

/** Totals and a chart; what is known stays while another window is asked for. */
export function TrafficChart({ state: { data, error, reload }, window }: TrafficChartProps) {
  const [kept, setKept] = useState<{ readonly data: Traffic; readonly window: Window }>();
  useEffect(() => {
    if (data !== undefined) setKept({ data, window });
  }, [data]);
  if (error !== null) return <ErrorState error={error} onRetry={reload} />;
  const shown = data === undefined ? kept : { data, window };
  if (shown === undefined) return <Loading />;
  const { total_bytes_in, total_bytes_out } = shown.data;
  if (total_bytes_in + total_bytes_out === 0) return <p class="muted">{t("traffic.none")}</p>;
  const rates = ratesIn(shown.window, shown.data.samples);
  return (
    <>
      <p class="muted">
        {t("traffic.totals", {
          in: formatBytes(total_bytes_in),
          out: formatBytes(total_bytes_out),
        })}
      </p>
      <Chart
        label={t("traffic.chart")}
        times={rates.times}
        series={[
          { label: t("traffic.in"), colour: "in", values: rates.in },
          { label: t("traffic.out"), colour: "out", dashed: true, values: rates.out },
        ]}
        format={formatRate}
      />
    </>
  );
}
