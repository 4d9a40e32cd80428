import { useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import type { Rule } from "../api/types.ts";
import { useUrlState } from "../app/url_state.ts";
import { type Column, DataTable } from "../components/data_table.tsx";
import { Dialog } from "../components/dialog.tsx";
import { formatPorts } from "../components/format.ts";
import { Icon } from "../components/icon.tsx";
import { StateBadge } from "../components/rule_badges.tsx";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { capsText } from "../rules/caps_text.ts";
import { NewRule } from "../rules/new_rule.tsx";
import { leaving } from "../rules/removal.ts";
import { RemoveDialog } from "../rules/remove_dialog.tsx";
import { NEW_RULE } from "../rules/rule_fields.ts";
import { matchesRule } from "./rule_search.ts";

/** Every rule the caller may see; what is searched, filtered and sorted is in the address. */
export default function Rules() {
  const { query, set } = useUrlState();
  const [pushing, setPushing] = useState(false);
  const [removing, setRemoving] = useState<Rule | null>(null);
  const { data, error, reload } = useQuery("GET /v1/rules", { query: {} }, { everyMs: 5_000 });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const { client = "", owner = "", q = "", sort = "" } = query;
  const rules = data.filter((it) => !leaving.value.has(it.id));
  const shown = rules.filter((rule) =>
    (client === "" || rule.client_name === client) &&
    (owner === "" || rule.owner_user_id === owner) && matchesRule(rule, q)
  );
  const owners = [...new Set(data.flatMap((it) => it.owner_user_id ?? []))].toSorted();
  const clients = [...new Set(data.map((it) => it.client_name))].toSorted();
  return (
    <>
      <div class="page-head">
        <h1>{t("nav.rules")}</h1>
        <button type="button" class="button primary" onClick={() => setPushing(true)}>
          {t("rules.push")}
        </button>
      </div>
      {rules.length === 0 ? <Empty title={t("rules.none")} text={t("rules.none_text")} /> : (
        <>
          <div class="toolbar">
            <input
              type="search"
              aria-label={t("rules.search")}
              placeholder={t("rules.search")}
              value={q}
              onInput={(event) => set({ q: event.currentTarget.value })}
            />
            <Choice
              label={t("rules.all_clients")}
              value={client}
              options={clients}
              onChange={(it) => set({ client: it })}
            />
            <Choice
              label={t("rules.all_owners")}
              value={owner}
              options={owners}
              onChange={(it) => set({ owner: it })}
            />
          </div>
          {shown.length === 0 ? <Empty title={t("rules.no_match")} /> : (
            <DataTable
              label={t("nav.rules")}
              rows={shown}
              columns={columns(setRemoving)}
              keyOf={(rule) => rule.id}
              sort={sort}
              onSort={(it) => set({ sort: it })}
            />
          )}
        </>
      )}
      {removing && <RemoveDialog rules={[removing]} onClose={() => setRemoving(null)} />}
      {pushing && (
        <Dialog title={t("rules.push")} onClose={() => setPushing(false)} wide>
          <NewRule initial={NEW_RULE} onCancel={() => setPushing(false)} />
        </Dialog>
      )}
    </>
  );
}

interface ChoiceProps {
  /** What no choice is called. */
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{label}</option>
      {options.map((it) => <option key={it} value={it}>{it}</option>)}
    </select>
  );
}

/** How many targets are told who connects, and which. */
function ProxyBadge({ rule: { targets } }: { readonly rule: Rule }) {
  const proxied = targets.filter((it) => it.proxy_protocol !== null);
  if (proxied.length === 0) return null;
  const title = proxied.map((it) => `${it.host}:${it.port}=${it.proxy_protocol}`).join(", ");
  return <span class="badge" title={title}>PROXY {proxied.length}</span>;
}

function columns(onRemove: (rule: Rule) => void): Column<Rule>[] {
  return [
    {
      id: "id",
      title: t("column.id"),
      width: "6rem",
      cell: ({ id }) => <a href={`/rules/${id}`}>#{id}</a>,
      sortBy: (rule) => rule.id,
    },
    {
      id: "client",
      title: t("column.client"),
      width: "1.1fr",
      cell: (rule) => rule.client_name,
      sortBy: (rule) => rule.client_name,
    },
    {
      id: "listen",
      title: t("column.listen"),
      width: "8.5rem",
      cell: (rule) => <code>{formatPorts(rule.listen_port, rule.listen_port_end)}</code>,
      sortBy: (rule) => rule.listen_port,
    },
    {
      id: "target",
      title: t("column.target"),
      width: "1.7fr",
      cell: (rule) => (
        <>
          <code>{rule.target_host}:{formatPorts(rule.target_port, rule.target_port_end)}</code>
          {rule.targets.length > 1 && <span class="badge">MT ×{rule.targets.length}</span>}
          <ProxyBadge rule={rule} />
        </>
      ),
      sortBy: (rule) => rule.target_host,
    },
    {
      id: "protocol",
      title: t("column.protocol"),
      width: "6.5rem",
      cell: (rule) => <span class="badge">{rule.protocol.toUpperCase()}</span>,
      sortBy: (rule) => rule.protocol,
    },
    {
      id: "sni",
      title: "SNI",
      width: "1.2fr",
      cell: (rule) => rule.sni_pattern ? <code>{rule.sni_pattern}</code> : "—",
    },
    {
      id: "owner",
      title: t("column.owner"),
      width: "1fr",
      cell: (rule) => rule.owner_user_id ?? "—",
      sortBy: (rule) => rule.owner_user_id ?? "",
    },
    {
      id: "caps",
      title: t("column.caps"),
      width: "1.2fr",
      cell: (rule) => capsText(rule.rate_limit),
    },
    {
      id: "state",
      title: t("column.state"),
      width: "7rem",
      cell: (rule) => <StateBadge state={rule.state} />,
      sortBy: (rule) => rule.state.kind,
    },
    {
      id: "remove",
      title: "",
      width: "3.5rem",
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
