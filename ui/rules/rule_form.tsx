import { useRef, useState } from "preact/hooks";
import type { ApiError } from "../api/client.ts";
import { useQuery } from "../api/query.ts";
import type { Client, Rule } from "../api/types.ts";
import { AsCommand } from "../components/as_command.tsx";
import { ClientSelect } from "../components/client_select.tsx";
import { Field, Form } from "../components/field.tsx";
import { Check } from "../components/inputs.tsx";
import { t } from "../i18n/i18n.ts";
import { CapInputs } from "./cap_fields.tsx";
import { PortMap } from "./port_map.tsx";
import { conflictOf } from "./ports.ts";
import { listenRange, type Problems, ruleBody, ruleProblems } from "./rule_body.ts";
import { pushCommands } from "./rule_commands.ts";
import { listenText, mayHaveSni, type RuleBody, type RuleFields } from "./rule_fields.ts";
import { serverProblem } from "./server_problem.ts";
import { TargetInputs } from "./target_inputs.tsx";

export interface RuleFormProps {
  readonly initial: RuleFields;
  readonly clients: readonly Client[];
  /** The rule that is edited: it stays on its client, and is not in its own way. */
  readonly edited?: Rule;
  readonly submit: string;
  /** Resolves to what the server refused it with. */
  readonly onSubmit: (body: RuleBody, fields: RuleFields) => Promise<ApiError | null>;
  readonly onCancel?: () => void;
}

/** Every field of a rule, with what is wrong at the field it is about. */
export function RuleForm(props: RuleFormProps) {
  const { initial, clients, edited, submit, onSubmit, onCancel } = props;
  const root = useRef<HTMLDivElement>(null);
  const [fields, setFields] = useState(initial);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Problems>({});
  const rules = useSiblings(fields.clientId, edited);
  const own = { ...conflictProblem(fields, rules), ...ruleProblems(fields) };
  const problems: Problems = tried ? { ...refused, ...own } : refused;
  const change = (changes: Partial<RuleFields>) => {
    setFields({ ...fields, ...changes });
    setRefused({});
  };
  const name = clients.find((it) => it.client_id === fields.clientId)?.client_name ?? "";
  const send = async () => {
    setTried(true);
    if (Object.keys(own).length > 0) return focusProblem(root.current);
    setBusy(true);
    const error = await onSubmit(ruleBody(fields, name), fields);
    setBusy(false);
    setRefused(error === null ? {} : serverProblem(error));
  };
  const inputs: InputsProps = { fields, problems, onChange: change };
  return (
    <div class="rule-form" ref={root}>
      <Form
        onSubmit={() => void send()}
        submit={submit}
        busy={busy}
        error={problems["form"] ?? null}
        {...(onCancel ? { onCancel } : {})}
      >
        <ClientSelect
          clients={clients}
          value={fields.clientId}
          onChange={(clientId) => change({ clientId })}
          disabled={edited !== undefined}
          error={problems["clientId"]}
        />
        <ListenInputs {...inputs} clientName={name} rules={rules} />
        <TargetInputs {...inputs} />
        <MoreInputs {...inputs} />
        <fieldset>
          <legend>{t("rule_form.caps")}</legend>
          <CapInputs
            caps={fields.caps}
            problems={problems}
            onChange={(caps) => change({ caps })}
          />
        </fieldset>
        {Object.keys(own).length === 0 && <AsCommand {...pushCommands(ruleBody(fields, name))} />}
      </Form>
    </div>
  );
}

interface InputsProps {
  readonly fields: RuleFields;
  readonly problems: Problems;
  readonly onChange: (changes: Partial<RuleFields>) => void;
}

/** Puts the cursor where something is wrong, once that is shown. */
function focusProblem(root: HTMLElement | null): void {
  requestAnimationFrame(() => root?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
}

/** The rules that the new one has to live with. */
function useSiblings(clientId: string, edited: Rule | undefined): readonly Rule[] {
  const { data = [] } = useQuery("GET /v1/rules", { query: {} }, { everyMs: 5_000 });
  return data.filter((it) => it.client_id === clientId && it.id !== edited?.id);
}

function conflictProblem(fields: RuleFields, rules: readonly Rule[]): Problems {
  const listen = listenRange(fields);
  if (listen === null) return {};
  const sni = mayHaveSni(fields) ? fields.sni.trim().toLowerCase() : "";
  const wanted = { protocol: fields.protocol, listen, sniPattern: sni === "" ? null : sni };
  const conflict = conflictOf(wanted, rules);
  if (conflict === null) return {};
  const { rule, code } = conflict;
  const text = t("rule_form.conflict", { id: rule.id, port: listenText(rule), code });
  return code.startsWith("conflict.") ? { sni: text } : { listenStart: text };
}

type ListenInputsProps = InputsProps & {
  readonly clientName: string;
  readonly rules: readonly Rule[];
};

/** Protocol and ports, with what else the client listens on. */
function ListenInputs({ fields, problems, onChange, clientName, rules }: ListenInputsProps) {
  const { protocol, listenStart, listenEnd } = fields;
  const wanted = listenRange(fields);
  const conflict = conflictProblem(fields, rules)["listenStart"];
  const choose = (start: number) => {
    const width = wanted === null ? 0 : wanted.end - wanted.start;
    const end = listenEnd.trim() === "" ? "" : `${start + width}`;
    onChange({ listenStart: `${start}`, listenEnd: end });
  };
  return (
    <fieldset>
      <legend>{t("column.listen")}</legend>
      <div class="listen-inputs">
        <Field
          label={t("rule_form.listen_start")}
          value={listenStart}
          onInput={(value) => onChange({ listenStart: value })}
          error={problems["listenStart"] ?? conflict}
        />
        <Field
          label={t("rule_form.listen_end")}
          value={listenEnd}
          onInput={(value) => onChange({ listenEnd: value })}
          error={problems["listenEnd"]}
          hint={t("rule_form.end_hint")}
        />
        <div class="field">
          <span class="label">{t("column.protocol")}</span>
          <div class="segments" role="group" aria-label={t("column.protocol")}>
            {(["tcp", "udp"] as const).map((it) => (
              <button
                key={it}
                type="button"
                aria-pressed={it === protocol}
                onClick={() => onChange({ protocol: it })}
              >
                {it.toUpperCase()}
              </button>
            ))}
          </div>
        </div>
      </div>
      {clientName !== "" && wanted !== null && (
        <PortMap
          clientName={clientName}
          rules={rules}
          protocol={protocol}
          wanted={wanted}
          onChoose={choose}
        />
      )}
    </fieldset>
  );
}

/** What few rules need. */
function MoreInputs({ fields, problems, onChange }: InputsProps) {
  return (
    <>
      <div class="pair">
        {mayHaveSni(fields) && (
          <Field
            label="SNI"
            value={fields.sni}
            onInput={(sni) => onChange({ sni })}
            error={problems["sni"]}
            hint={t("rule_form.sni_hint")}
          />
        )}
        <Field
          label={t("rule_form.interval")}
          value={fields.interval}
          onInput={(interval) => onChange({ interval })}
          error={problems["interval"]}
          hint={t("rule_form.interval_hint")}
        />
      </div>
      <Check
        label={t("rule_form.prefer_ipv6")}
        checked={fields.preferIpv6}
        onChange={(preferIpv6) => onChange({ preferIpv6 })}
      />
    </>
  );
}
