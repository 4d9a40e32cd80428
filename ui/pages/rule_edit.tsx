import { useLocation, useRoute } from "preact-iso/router";
import { useMemo, useState } from "preact/hooks";
import { type ApiError, call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Client, Rule } from "../api/types.ts";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";
import { capsBody } from "../rules/caps.tsx";
import { changeKind, type FieldChange, fieldChanges } from "../rules/change.ts";
import { ReplaceDialog } from "../rules/replace_dialog.tsx";
import { RuleForm } from "../rules/rule_form.tsx";
import { type RuleBody, type RuleFields, ruleFields } from "../rules/rule_fields.ts";

/** Changes a rule: caps at once, everything else by a new rule in its place. */
export default function RuleEdit() {
  const { ruleId = "" } = useRoute().params;
  const rule = useQuery("GET /v1/rules/{rule_id}", { path: { rule_id: ruleId } });
  const clients = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  if (rule.error?.status === 404) return <Empty title={t("rule.gone", { id: ruleId })} />;
  if (rule.data === undefined || clients.data === undefined) {
    const error = rule.error ?? clients.error;
    return error === null
      ? <Loading />
      : <ErrorState error={error} onRetry={() => (rule.reload(), clients.reload())} />;
  }
  return <Editor key={rule.data.id} rule={rule.data} clients={clients.data} />;
}

interface EditorProps {
  readonly rule: Rule;
  readonly clients: readonly Client[];
}

interface Pending {
  readonly after: RuleBody;
  readonly changes: readonly FieldChange[];
}

function Editor({ rule, clients }: EditorProps) {
  const { route } = useLocation();
  const before = useMemo(() => ruleFields(rule), []);
  const [pending, setPending] = useState<Pending | null>(null);
  const leave = () => route(`/rules/${rule.id}`);
  const save = async (body: RuleBody, fields: RuleFields): Promise<ApiError | null> => {
    const kind = changeKind(before, fields);
    if (kind === "replace") {
      setPending({ after: body, changes: fieldChanges(before, fields) });
      return null;
    }
    if (kind === "caps") {
      const request = { path: { rule_id: rule.id }, body: capsBody(rule, fields.caps) };
      const saved = await call("PUT /v1/rules/{rule_id}", request);
      await Promise.all([invalidate("/v1/rules"), invalidate(`/v1/rules/${rule.id}`)]);
      if (!saved.ok) return saved.error;
      toast("good", t("caps.saved", { id: rule.id }));
    }
    leave();
    return null;
  };
  return (
    <>
      <h1>{t("rule_form.edit_title", { id: rule.id })}</h1>
      <section class="card rule-card">
        <p class="muted">{t("rule_form.edit_text")}</p>
        <RuleForm
          initial={before}
          clients={clients}
          edited={rule}
          submit={t("action.save")}
          onSubmit={save}
          onCancel={leave}
        />
      </section>
      {pending && <ReplaceDialog rule={rule} {...pending} onClose={() => setPending(null)} />}
    </>
  );
}
