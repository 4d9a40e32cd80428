import type { RuleReadings } from "../api/rule_rates.ts";
import type { Rule } from "../api/types.ts";
import { isSuperadmin } from "../app/session.ts";
import type { Column } from "../components/data_table.tsx";
import { formatPorts, formatRate } from "../components/format.ts";
import { Icon } from "../components/icon.tsx";
import { StateBadge } from "../components/rule_badges.tsx";
import { t } from "../i18n/i18n.ts";
import { capsText } from "./caps_text.ts";
import { SelectAll, type Selection, SelectRow } from "./selection.tsx";

/** How many targets are told who connects, and which. */
function ProxyBadge({ rule: { targets } }: { readonly rule: Rule }) {
  const proxied = targets.filter((it) => it.proxy_protocol !== null);
  if (proxied.length === 0) return null;
  const title = proxied.map((it) => `${it.host}:${it.port}=${it.proxy_protocol}`).join(", ");
  return <span class="badge" title={title}>PROXY {proxied.length}</span>;
}

export interface RuleColumnsOptions {
  /** Every rule there is, whatever is shown: columns do not come and go with a search. */
  readonly rules: readonly Rule[];
  /** What rules move now; absent where nobody asks. */
  readonly readings?: RuleReadings | undefined;
  readonly selection: Selection;
  readonly onRemove: (rule: Rule) => void;
}

/** The columns of the list of rules; those in which nobody says anything are left out. */
export function ruleColumns(options: RuleColumnsOptions): Column<Rule>[] {
  const { rules, readings, selection, onRemove } = options;
  const isUsed: Readonly<Record<string, boolean>> = {
    sni: rules.some((it) => it.sni_pattern !== undefined),
    caps: rules.some((it) => it.rate_limit !== undefined),
    owner: isSuperadmin(),
  };
  return [
    {
      id: "select",
      title: "",
      head: <SelectAll selection={selection} />,
      width: "2.5rem",
      cell: ({ id }) => <SelectRow selection={selection} id={id} />,
    },
    ...whereColumns(),
    ...whatColumns().filter(({ id }) => isUsed[id] ?? true),
    ...(readings ? [rateColumn(readings)] : []),
    {
      id: "remove",
      title: "",
      width: "3.2rem",
      cell: (rule) => (
        <button
          type="button"
          class="icon-button"
          aria-label={t("rules.remove_one", { id: rule.id })}
          onClick={() => onRemove(rule)}
        >
          <Icon name="trash" />
        </button>
      ),
    },
  ];
}

/** What a rule moves both ways; those that say nothing sort last when the busiest come first. */
function rateColumn(readings: RuleReadings): Column<Rule> {
  const rateOf = ({ id }: Rule) => {
    const rate = readings.get(id)?.rate;
    return rate ? rate.in + rate.out : null;
  };
  return {
    id: "rate",
    title: t("column.rate"),
    width: "5.6rem",
    cell: (rule) => {
      const rate = rateOf(rule);
      return rate === null ? <span class="muted">—</span> : formatRate(rate);
    },
    sortBy: (rule) => rateOf(rule) ?? -1,
  };
}

function whereColumns(): Column<Rule>[] {
  return [
    {
      id: "id",
      title: t("column.id"),
      width: "4.2rem",
      cell: ({ id }) => <a href={`/rules/${id}`}>#{id}</a>,
      sortBy: (rule) => rule.id,
    },
    {
      id: "client",
      title: t("column.client"),
      width: "minmax(5.6rem, 1.1fr)",
      cell: (rule) => rule.client_name,
      sortBy: (rule) => rule.client_name,
    },
    {
      id: "listen",
      title: t("column.listen"),
      width: "6.6rem",
      cell: (rule) => <code>{formatPorts(rule.listen_port, rule.listen_port_end)}</code>,
      sortBy: (rule) => rule.listen_port,
    },
    {
      id: "target",
      title: t("column.target"),
      width: "minmax(11rem, 1.9fr)",
      cell: (rule) => (
        <>
          <code>{rule.target_host}:{formatPorts(rule.target_port, rule.target_port_end)}</code>
          {rule.targets.length > 1 && <span class="badge">MT ×{rule.targets.length}</span>}
          <ProxyBadge rule={rule} />
        </>
      ),
      sortBy: (rule) => rule.target_host,
    },
  ];
}

function whatColumns(): Column<Rule>[] {
  return [
    {
      id: "protocol",
      title: t("column.protocol"),
      width: "5.9rem",
      cell: (rule) => <span class="badge">{rule.protocol.toUpperCase()}</span>,
      sortBy: (rule) => rule.protocol,
    },
    {
      id: "sni",
      title: "SNI",
      width: "minmax(6.2rem, 1.2fr)",
      cell: (rule) => rule.sni_pattern ? <code>{rule.sni_pattern}</code> : "—",
    },
    {
      id: "owner",
      title: t("column.owner"),
      width: "minmax(5.6rem, 1fr)",
      cell: (rule) => rule.owner_user_id ?? "—",
      sortBy: (rule) => rule.owner_user_id ?? "",
    },
    {
      id: "caps",
      title: t("column.caps"),
      width: "minmax(6.2rem, 1.2fr)",
      cell: (rule) => capsText(rule.rate_limit),
    },
    {
      id: "state",
      title: t("column.state"),
      width: "6.2rem",
      cell: (rule) => <StateBadge state={rule.state} />,
      sortBy: (rule) => rule.state.kind,
    },
  ];
}
