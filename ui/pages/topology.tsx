import { useQuery } from "../api/query.ts";
import { useRuleReadings } from "../api/rule_rates.ts";
import { useUrlState } from "../app/url_state.ts";
import { formatPorts, formatRate } from "../components/format.ts";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { matchesRule } from "../rules/rule_search.ts";
import {
  type Flow,
  type FlowNode,
  flowOf,
  type Overview,
  overviewOf,
  thickness,
} from "./topology_flows.ts";

/** How many clients and hosts the overview draws. */
const NODES_MAX = 12;
const NODE_PX = 40;

/** Where traffic comes in and where it goes: clients, ports, targets, with health and rate. */
export default function Topology() {
  const { query, set } = useUrlState();
  const rules = useQuery("GET /v1/rules", { query: {} }, { everyMs: 5_000 });
  const clients = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  const readings = useRuleReadings();
  if (rules.data === undefined || clients.data === undefined) {
    const error = rules.error ?? clients.error;
    const reload = () => (rules.reload(), clients.reload());
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const { q = "", problems = "" } = query;
  const known = new Map(clients.data.map((it) => [it.client_id, it]));
  const flows = rules.data.map((it) => flowOf(it, known.get(it.client_id), readings));
  const shown = flows.filter(({ rule, state }) =>
    matchesRule(rule, q) && (problems === "" || state === "down" || state === "off")
  );
  return (
    <>
      <h1>{t("nav.topology")}</h1>
      <div class="toolbar">
        <input
          type="search"
          aria-label={t("rules.search")}
          placeholder={t("rules.search")}
          value={q}
          onInput={(event) => set({ q: event.currentTarget.value })}
        />
        <button
          type="button"
          class="button"
          aria-pressed={problems !== ""}
          onClick={() => set({ problems: problems === "" ? "1" : "" })}
        >
          {t("topology.problems")}
        </button>
      </div>
      {flows.length === 0
        ? <Empty title={t("rules.none")} text={t("rules.none_text")} />
        : shown.length === 0
        ? <Empty title={t("rules.no_match")} />
        : (
          <>
            <FlowMap overview={overviewOf(shown, NODES_MAX)} />
            {[...Map.groupBy(shown, ({ rule }) => rule.client_id)].map(([clientId, group]) => (
              <ClientFlows
                key={clientId}
                clientId={clientId}
                connected={known.get(clientId)?.connected ?? false}
                flows={group}
              />
            ))}
          </>
        )}
    </>
  );
}

/** Clients at the left, hosts at the right, and between them what goes from one to the other. */
function FlowMap({ overview: { clients, hosts, edges } }: { readonly overview: Overview }) {
  const height = Math.max(clients.length, hosts.length) * NODE_PX;
  const middle = (at: number, count: number) => height * (2 * at + 1) / (2 * count);
  return (
    <section class="card flow-map" aria-label={t("topology.overview")}>
      <h2>{t("column.client")}</h2>
      <h2 class="number">{t("column.target")}</h2>
      <Nodes nodes={clients} href={(it) => `/clients/${it.key}`} height={height} />
      <svg
        viewBox={`0 0 100 ${height}`}
        preserveAspectRatio="none"
        aria-hidden="true"
        style={{ height: `${height}px` }}
      >
        {edges.map(({ from, to, rate, hasProblem }) => {
          const [y1, y2] = [middle(from, clients.length), middle(to, hosts.length)];
          const d = `M0 ${y1}C50 ${y1} 50 ${y2} 100 ${y2}`;
          return (
            <g key={`${from} ${to}`}>
              <path
                class={rate > 0 ? "busy" : ""}
                d={d}
                style={{ strokeWidth: `${thickness(rate)}px` }}
              />
              {hasProblem && <path class="down" d={d} />}
            </g>
          );
        })}
      </svg>
      <Nodes
        nodes={hosts}
        href={(it) => `/topology?q=${encodeURIComponent(it.key)}`}
        height={height}
      />
    </section>
  );
}

interface NodesProps {
  readonly nodes: readonly FlowNode[];
  readonly href: (node: FlowNode) => string;
  readonly height: number;
}

function Nodes({ nodes, href, height }: NodesProps) {
  return (
    <ul style={{ height: `${height}px` }}>
      {nodes.map((it) => (
        <li key={it.key}>
          {it.label === ""
            ? <span class="muted">{t("topology.others")}</span>
            : <a href={href(it)} title={it.label}>{it.label}</a>}
          <small class="muted">
            {it.rate > 0 ? formatRate(it.rate) : t("topology.rules", { n: it.rules })}
          </small>
        </li>
      ))}
    </ul>
  );
}

interface ClientFlowsProps {
  readonly clientId: string;
  readonly connected: boolean;
  readonly flows: readonly Flow[];
}

/** The ports of a client and where they lead; what is wrong first, then what is busy. */
function ClientFlows({ clientId, connected, flows }: ClientFlowsProps) {
  const ordered = flows.toSorted((a, b) =>
    ORDER[a.state] - ORDER[b.state] || b.rate - a.rate || a.rule.listen_port - b.rule.listen_port
  );
  const rate = flows.reduce((n, it) => n + it.rate, 0);
  return (
    <section class="card">
      <div class="row">
        <h2>
          <a href={`/clients/${clientId}`}>{flows[0]?.rule.client_name}</a>
        </h2>
        <span class={`badge ${connected ? "good" : "bad"}`}>
          {t(connected ? "client.connected" : "client.offline")}
        </span>
        <span class="muted">
          {t("topology.rules", { n: flows.length })}
          {rate > 0 && ` · ${formatRate(rate)}`}
        </span>
      </div>
      <ul class="flows">
        {ordered.map((it) => <FlowRow key={it.rule.id} flow={it} />)}
      </ul>
    </section>
  );
}

const ORDER = { down: 0, off: 1, busy: 2, idle: 3 } as const;

function FlowRow({ flow: { rule, state, rate } }: { readonly flow: Flow }) {
  const target = `${rule.target_host}:${formatPorts(rule.target_port, rule.target_port_end)}`;
  const label = `${t(`topology.${state}`)}${rate > 0 ? `, ${formatRate(rate)}` : ""}`;
  return (
    <li>
      <a href={`/rules/${rule.id}`}>
        <code>{formatPorts(rule.listen_port, rule.listen_port_end)}</code>{" "}
        <small>{rule.protocol.toUpperCase()}</small>
      </a>
      <span class={`way ${state}`} title={label}>
        <i style={{ height: `${thickness(rate)}px` }} />
        <small>
          {state === "busy" ? formatRate(rate) : state === "idle" ? "" : t(`topology.${state}`)}
        </small>
        <span class="unseen">{label}</span>
      </span>
      <code title={rule.targets.map((it) => `${it.host}:${it.port}`).join(", ")}>
        {target}
        {rule.targets.length > 1 && ` +${rule.targets.length - 1}`}
      </code>
    </li>
  );
}
