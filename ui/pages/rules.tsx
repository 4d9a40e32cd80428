import { useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import type { Rule } from "../api/types.ts";
import { isSuperadmin } from "../app/session.ts";
import { useUrlState } from "../app/url_state.ts";
import { DataTable } from "../components/data_table.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { BulkBar } from "../rules/bulk_bar.tsx";
import { NewRule } from "../rules/new_rule.tsx";
import { leaving } from "../rules/removal.ts";
import { RemoveDialog } from "../rules/remove_dialog.tsx";
import { ruleColumns } from "../rules/rule_columns.tsx";
import { NEW_RULE } from "../rules/rule_fields.ts";
import { matchesRule } from "./rule_search.ts";

/** Every rule the caller may see; what is searched, filtered and sorted is in the address. */
export default function Rules() {
  const { query, set } = useUrlState();
  const [pushing, setPushing] = useState(false);
  const [removing, setRemoving] = useState<readonly Rule[] | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
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
  const chosen = shown.filter((it) => selected.has(it.id));
  const owners = [...new Set(data.flatMap((it) => it.owner_user_id ?? []))].toSorted();
  const clients = [...new Set(data.map((it) => it.client_name))].toSorted();
  return (
    <>
      <div class="page-head">
        <h1>{t("nav.rules")}</h1>
        <a class="button" href="/rules/import">{t("import.title")}</a>
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
            {isSuperadmin() && (
              <Choice
                label={t("rules.all_owners")}
                value={owner}
                options={owners}
                onChange={(it) => set({ owner: it })}
              />
            )}
          </div>
          {chosen.length > 0 && (
            <BulkBar
              rules={chosen}
              onRemove={() => setRemoving(chosen)}
              onClear={() => setSelected(new Set())}
            />
          )}
          {shown.length === 0 ? <Empty title={t("rules.no_match")} /> : (
            <DataTable
              label={t("nav.rules")}
              rows={shown}
              columns={ruleColumns({
                rules,
                selection: { all: shown, selected, onChange: setSelected },
                onRemove: (rule) => setRemoving([rule]),
              })}
              keyOf={(rule) => rule.id}
              sort={sort}
              onSort={(it) => set({ sort: it })}
            />
          )}
        </>
      )}
      {removing && <RemoveDialog rules={removing} onClose={() => setRemoving(null)} />}
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
