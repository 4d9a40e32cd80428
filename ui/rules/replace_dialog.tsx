import { useLocation } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import { invalidate } from "../api/query.ts";
import type { Rule } from "../api/types.ts";
import { Dialog } from "../components/dialog.tsx";
import { Table } from "../components/table.tsx";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";
import { areApart, type FieldChange } from "./change.ts";
import { openConnections } from "./connections.ts";
import { replace, type Replaced } from "./replace.ts";
import { ruleBody } from "./rule_body.ts";
import { listenText, type RuleBody, ruleFields } from "./rule_fields.ts";

export interface ReplaceDialogProps {
  readonly rule: Rule;
  readonly after: RuleBody;
  readonly changes: readonly FieldChange[];
  readonly onClose: () => void;
}

/** Shows what changes and whom that interrupts, replaces the rule, and says what became of it. */
export function ReplaceDialog({ rule, after, changes, onClose }: ReplaceDialogProps) {
  const { route } = useLocation();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Replaced & { readonly ok: false } | null>(null);
  const before = ruleBody(ruleFields(rule), rule.client_name);
  const run = async () => {
    setBusy(true);
    const result = await replace(rule.id, { before, after });
    await invalidate("/v1/rules");
    setBusy(false);
    if (!result.ok) return setFailed(result);
    toast("good", t("replace.done", { id: rule.id, by: result.id }));
    route(`/rules/${result.id}`);
  };
  // The rule that was edited is gone then: there is nothing to come back to.
  const close = failed?.restored ? () => route(`/rules/${failed.restored}`) : onClose;
  return (
    <Dialog title={t("replace.title", { id: rule.id })} onClose={busy ? null : close}>
      <div class="stack">
        <ChangeTable changes={changes} />
        <Interruption rule={rule} isApart={areApart(before, after)} />
        {failed && <p class="alert" role="alert">{failed.text}</p>}
      </div>
      <footer>
        {failed?.restored
          ? <a class="button" href={`/rules/${failed.restored}`}>{t("replace.to_restored")}</a>
          : (
            <button type="button" class="button" disabled={busy} onClick={onClose}>
              {t("action.cancel")}
            </button>
          )}
        {failed === null && (
          <button
            type="button"
            class="button primary"
            disabled={busy}
            onClick={() => void run()}
          >
            {busy ? t("state.working") : t("replace.confirm")}
          </button>
        )}
      </footer>
    </Dialog>
  );
}

function ChangeTable({ changes }: { readonly changes: readonly FieldChange[] }) {
  return (
    <Table
      label={t("replace.changes")}
      rows={changes}
      columns={[
        { title: t("replace.field"), cell: (it) => it.label },
        { title: t("replace.before"), cell: (it) => <code>{it.before}</code> },
        { title: t("replace.after"), cell: (it) => <code>{it.after}</code> },
      ]}
      keyOf={(it) => it.label}
      empty=""
    />
  );
}

interface InterruptionProps {
  readonly rule: Rule;
  readonly isApart: boolean;
}

/** What those who use the rule notice. */
function Interruption({ rule, isApart }: InterruptionProps) {
  const [connections, setConnections] = useState<number | null>(null);
  useEffect(() => {
    void openConnections().then((it) => setConnections(it.get(rule.id) ?? null));
  }, []);
  const port = listenText(rule);
  return (
    <ul class="impact" aria-label={t("replace.interruption")}>
      <li>{t(isApart ? "replace.apart" : "replace.gap", { port, client: rule.client_name })}</li>
      {connections !== null && connections > 0 && (
        <li>{t("replace.connections", { n: connections })}</li>
      )}
      <li>{t("replace.new_id")}</li>
    </ul>
  );
}
