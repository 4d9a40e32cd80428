import { useState } from "preact/hooks";
import { RATE_LIMIT_FIELDS } from "../../src/core/rate_limit.ts";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate } from "../api/query.ts";
import type { RateLimit, Rule } from "../api/types.ts";
import { AsCommand } from "../components/as_command.tsx";

import { FormDialog } from "../components/form_dialog.tsx";
import { formatBytes, formatRate } from "../components/format.ts";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";
import { CAP_LABELS, CapInputs } from "./cap_fields.tsx";
import { capProblems, capsOf } from "./rule_body.ts";
import { capCommands } from "./rule_commands.ts";
import { type CapFields, capFields, type RuleBody } from "./rule_fields.ts";

/** The request that gives `rule` these caps, and says the rest of it as it is. */
export function capsBody(rule: Rule, caps: CapFields): RuleBody {
  const limits = capsOf(caps);
  return {
    client: rule.client_name,
    protocol: rule.protocol,
    listen_port: rule.listen_port,
    targets: rule.targets.map(({ host, port, priority }) => ({ host, port, priority })),
    ...(limits === null ? {} : { rate_limit: limits }),
  };
}

/** Whether a rule can have caps: ranges of ports have none. */
export const mayHaveCaps = (rule: Rule): boolean => rule.listen_port_end === undefined;

/** The caps of a rule, each by its name; nothing where there are none. */
export function CapFacts({ limits }: { readonly limits: RateLimit | undefined }) {
  const given = RATE_LIMIT_FIELDS.filter(({ name }) => limits?.[name] !== undefined);
  if (given.length === 0) return <p class="muted">{t("caps.none")}</p>;
  return (
    <dl class="facts">
      {given.map(({ name }) => [
        <dt key={name}>{t(CAP_LABELS[name])}</dt>,
        <dd key={`${name}=`}>{capText(name, limits?.[name] ?? 0)}</dd>,
      ])}
    </dl>
  );
}

function capText(name: string, value: number): string {
  if (!name.startsWith("bandwidth")) return `${value}`;
  return name.endsWith("_bps") ? formatRate(value) : formatBytes(value);
}

export interface CapsDialogProps {
  readonly rule: Rule;
  readonly onClose: () => void;
}

/** Changes the caps of a rule under its connections. */
export function CapsDialog({ rule, onClose }: CapsDialogProps) {
  const [caps, setCaps] = useState(capFields(rule.rate_limit));
  const [tried, setTried] = useState(false);
  const { busy, error, run } = useAction();
  const problems = capProblems(caps);
  const isSound = Object.keys(problems).length === 0;
  const body = capsBody(rule, caps);
  const save = async () => {
    setTried(true);
    if (!isSound) return;
    const path = { rule_id: rule.id };
    const saved = await run(() => call("PUT /v1/rules/{rule_id}", { path, body }));
    await Promise.all([invalidate("/v1/rules"), invalidate(`/v1/rules/${rule.id}`)]);
    if (!saved.ok) return;
    toast("good", t("caps.saved", { id: rule.id }));
    onClose();
  };
  return (
    <FormDialog
      title={t("caps.edit_title", { id: rule.id })}
      onClose={onClose}
      onSubmit={() => void save()}
      submit={t("action.save")}
      busy={busy}
      error={error}
    >
      <p class="muted">{t("caps.edit_text")}</p>
      <CapInputs caps={caps} problems={tried ? problems : {}} onChange={setCaps} />
      {isSound && <AsCommand {...capCommands(rule.id, body)} />}
    </FormDialog>
  );
}
