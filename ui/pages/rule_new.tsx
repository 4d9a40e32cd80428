import { useLocation } from "preact-iso/router";
import { useQuery } from "../api/query.ts";
import type { Client, Rule } from "../api/types.ts";
import { ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { NewRule } from "../rules/new_rule.tsx";
import { listenOf, nextFree } from "../rules/ports.ts";
import { NEW_RULE, type RuleFields, ruleFields } from "../rules/rule_fields.ts";

/** A new rule: from nothing, on a client (`?client=`), or like another one (`?from=`). */
export default function RuleNew() {
  const { query, route } = useLocation();
  const rules = useQuery("GET /v1/rules", { query: {} });
  const clients = useQuery("GET /v1/clients", {});
  if (rules.data === undefined || clients.data === undefined) {
    const error = rules.error ?? clients.error;
    return error === null
      ? <Loading />
      : <ErrorState error={error} onRetry={() => (rules.reload(), clients.reload())} />;
  }
  const model = rules.data.find((it) => `${it.id}` === query["from"]);
  return (
    <>
      <h1>{model ? t("rule_form.clone_title", { id: model.id }) : t("rules.push")}</h1>
      <section class="card rule-card">
        <NewRule
          initial={model ? cloneOf(model, rules.data) : newRule(query["client"], clients.data)}
          onCancel={() => route(model ? `/rules/${model.id}` : "/rules")}
        />
      </section>
    </>
  );
}

function newRule(clientName: string | undefined, clients: readonly Client[]): RuleFields {
  const client = clients.find((it) => it.client_name === clientName && it.revoked_at === null);
  return { ...NEW_RULE, clientId: client?.client_id ?? "" };
}

/** The same on the next ports that are free; another name can share the port. */
function cloneOf(rule: Rule, rules: readonly Rule[]): RuleFields {
  const fields = ruleFields(rule);
  const siblings = rules.filter((it) => it.client_id === rule.client_id);
  const start = nextFree(listenOf(rule), siblings, rule.protocol);
  if (rule.sni_pattern !== undefined) return { ...fields, sni: "" };
  if (start === null) return fields;
  const width = (rule.listen_port_end ?? rule.listen_port) - rule.listen_port;
  return {
    ...fields,
    listenStart: `${start}`,
    listenEnd: width === 0 ? "" : `${start + width}`,
  };
}
