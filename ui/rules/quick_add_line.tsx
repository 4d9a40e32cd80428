import { useState } from "preact/hooks";
import type { Client } from "../api/types.ts";
import { Field } from "../components/field.tsx";
import { t } from "../i18n/i18n.ts";
import { parseQuickAdd } from "./quick_add.ts";
import type { RuleFields } from "./rule_fields.ts";

export interface QuickAddProps {
  readonly clients: readonly Client[];
  /** Gets the fields that the line says; `clientId` is empty where it names no client. */
  readonly onFill: (fields: RuleFields) => void;
}

/** A line of text that fills the form in. */
export function QuickAdd({ clients, onFill }: QuickAddProps) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const fill = () => {
    const read = parseQuickAdd(text);
    if (!read.ok) {
      return setProblem(
        read.word === "" ? t("quick_add.short") : t("quick_add.wrong", { word: read.word }),
      );
    }
    const { clientName, fields } = read.rule;
    const client = clients.find((it) => it.client_name === clientName);
    if (clientName !== null && client === undefined) {
      return setProblem(t("quick_add.no_client", { name: clientName }));
    }
    setProblem(undefined);
    onFill({ ...fields, clientId: client?.client_id ?? "" });
  };
  return (
    <form
      class="quick-add"
      onSubmit={(event) => {
        event.preventDefault();
        fill();
      }}
    >
      <Field
        label={t("quick_add.label")}
        value={text}
        onInput={(value) => {
          setText(value);
          setProblem(undefined);
        }}
        error={problem}
        hint={t("quick_add.hint")}
      />
      <button type="submit" class="button">{t("quick_add.fill")}</button>
    </form>
  );
}
