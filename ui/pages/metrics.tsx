import { useRef } from "preact/hooks";
import { parseMetrics, samplesOf, totalOf } from "../api/prometheus.ts";
import { useQuery } from "../api/query.ts";
import { useUrlState } from "../app/url_state.ts";
import { CopyButton } from "../components/copy_button.tsx";
import { formatCount } from "../components/format.ts";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { Tile } from "../components/tile.tsx";
import { t } from "../i18n/i18n.ts";

/** What Prometheus would read, for reading. */
export default function Metrics() {
  const { query, set } = useUrlState();
  const shown = useRef<HTMLElement>(null);
  const { data, error, reload } = useQuery("GET /v1/metrics", {}, { everyMs: 5_000 });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const samples = parseMetrics(data);
  const rules = new Set(
    samplesOf(samples, "portunus_rule_active_connections").map((it) => it.labels["rule"]),
  );
  const { q = "" } = query;
  const text = matchingLines(data, q);
  return (
    <>
      <h1>{t("nav.metrics")}</h1>
      <div class="tiles">
        <Tile
          label={t("dashboard.clients")}
          value={formatCount(totalOf(samples, "portunus_clients_connected"))}
        />
        <Tile label={t("metrics.rules")} value={formatCount(rules.size)} />
      </div>
      <div class="toolbar">
        <input
          type="search"
          aria-label={t("metrics.search")}
          placeholder={t("metrics.search")}
          value={q}
          onInput={(event) => set({ q: event.currentTarget.value })}
        />
        <CopyButton text={data} label={t("metrics.copy")} shown={shown} />
      </div>
      {text === ""
        ? <Empty title={t("metrics.none")} />
        : (
          <pre class="metrics" tabIndex={0} aria-label={t("nav.metrics")}>
          <code ref={shown}>{text}</code>
          </pre>
        )}
    </>
  );
}

/** The lines that speak of `search`; all of them, where it is empty. */
function matchingLines(text: string, search: string): string {
  const wanted = search.trim().toLowerCase();
  return wanted === ""
    ? text
    : text.split("\n").filter((it) => it.toLowerCase().includes(wanted)).join("\n");
}
