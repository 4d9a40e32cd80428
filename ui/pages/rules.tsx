import { useRef, useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import type { Rule } from "../api/types.ts";
import { useUrlState } from "../app/url_state.ts";
import { Dialog } from "../components/dialog.tsx";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { BulkBar } from "../rules/bulk_bar.tsx";
import { NewRule } from "../rules/new_rule.tsx";
import { leaving } from "../rules/removal.ts";
import { RemoveDialog } from "../rules/remove_dialog.tsx";
import { NEW_RULE } from "../rules/rule_fields.ts";
import { filterRules } from "../rules/rule_filter.ts";
import { RATED_MAX, RatedTable, RuleTable } from "../rules/rule_table.tsx";
import { RuleToolbar } from "../rules/rule_toolbar.tsx";

/** Every rule the caller may see; what is searched, filtered and sorted is in the address. */
export default function Rules() {
  const { query, set } = useUrlState();
  const [pushing, setPushing] = useState(false);
  const [removing, setRemoving] = useState<readonly Rule[] | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const many = useRef(false);
  // To take in thousands of rules takes a moment that scrolling would notice.
  const everyMs = many.current ? 60_000 : 5_000;
  const { data, error, reload } = useQuery("GET /v1/rules", { query: {} }, { everyMs });
  many.current = (data?.length ?? 0) > RATED_MAX;
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const { client = "", owner = "", state = "", q = "", sort = "" } = query;
  const filter = { client, owner, state, q };
  const rules = data.filter((it) => !leaving.value.has(it.id));
  const shown = filterRules(rules, filter);
  const Table = rules.length > RATED_MAX ? RuleTable : RatedTable;
  const chosen = shown.filter((it) => selected.has(it.id));
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
          <RuleToolbar rules={data} filter={filter} onChange={set} />
          {chosen.length > 0 && (
            <BulkBar
              rules={chosen}
              onRemove={() => setRemoving(chosen)}
              onClear={() => setSelected(new Set())}
            />
          )}
          {shown.length === 0 ? <Empty title={t("rules.no_match")} /> : (
            <Table
              rules={rules}
              shown={shown}
              selection={{ all: shown, selected, onChange: setSelected }}
              onRemove={(rule) => setRemoving([rule])}
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
