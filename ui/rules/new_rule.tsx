import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { type ApiError, call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Client } from "../api/types.ts";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";
import { QuickAdd } from "./quick_add_line.tsx";
import { RuleForm } from "./rule_form.tsx";
import type { RuleBody, RuleFields } from "./rule_fields.ts";

export interface NewRuleProps {
  readonly initial: RuleFields;
  readonly onCancel: () => void;
}

/** Pushes a rule, from a line of text or field by field. */
export function NewRule({ initial, onCancel }: NewRuleProps) {
  const { data, error, reload } = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const clients = data.filter((it) => it.revoked_at === null);
  if (clients.length === 0) {
    return (
      <Empty title={t("clients.none")} text={t("rule_form.no_client")}>
        <a class="button primary" href="/clients">{t("nav.clients")}</a>
      </Empty>
    );
  }
  return <Editor initial={withClient(initial, clients)} clients={clients} onCancel={onCancel} />;
}

/** The only client there is need not be chosen. */
function withClient(fields: RuleFields, clients: readonly Client[]): RuleFields {
  const [only, ...others] = clients;
  const isChosen = fields.clientId !== "" || only === undefined || others.length > 0;
  return isChosen ? fields : { ...fields, clientId: only.client_id };
}

type EditorProps = NewRuleProps & { readonly clients: readonly Client[] };

function Editor({ initial, clients, onCancel }: EditorProps) {
  const { route } = useLocation();
  const [filled, setFilled] = useState({ fields: initial, times: 0 });
  const push = async (body: RuleBody): Promise<ApiError | null> => {
    const result = await call("POST /v1/rules", { body });
    await invalidate("/v1/rules");
    if (!result.ok) return result.error;
    toast("good", t("rule_form.pushed", { id: result.value.rule_id }));
    route(`/rules/${result.value.rule_id}`);
    return null;
  };
  return (
    <div class="stack">
      <QuickAdd
        clients={clients}
        onFill={(fields) =>
          setFilled({
            fields: { ...fields, clientId: fields.clientId || initial.clientId },
            times: filled.times + 1,
          })}
      />
      <RuleForm
        key={filled.times}
        initial={filled.fields}
        clients={clients}
        submit={t("rules.push")}
        onSubmit={push}
        onCancel={onCancel}
      />
    </div>
  );
}
