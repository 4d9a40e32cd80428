import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import type { Client } from "../api/types.ts";
import { ClientSelect } from "../components/client_select.tsx";
import { Field } from "../components/field.tsx";
import { FormDialog } from "../components/form_dialog.tsx";
import { Check, QuantityField } from "../components/inputs.tsx";
import { t } from "../i18n/i18n.ts";
import { type Access, changeAccess, giveAccess } from "./access.ts";
import { accessDraft, type AccessFields, accessFields, accessProblems } from "./access_form.ts";

export interface AccessDialogProps {
  readonly userId: string;
  readonly clients: readonly Client[];
  /** What the user has already. */
  readonly rows: readonly Access[];
  /** What is edited; `null` for one more client. */
  readonly access: Access | null;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}

type TextField =
  | "start"
  | "end"
  | "concurrent"
  | "newPerSec"
  | "rateIn"
  | "rateOut"
  | "quota";

/** What an input needs to edit a field. */
type TextOf = (name: TextField) => {
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly error: string | undefined;
};

/** Gives access to a client, or changes it: ports, protocols, caps, quota. */
export function AccessDialog(props: AccessDialogProps) {
  const { userId, clients, rows, access, onClose, onSaved } = props;
  const [fields, setFields] = useState(() => accessFields(access));
  const [tried, setTried] = useState(false);
  const { busy, error, run } = useAction();
  const change = (changes: Partial<AccessFields>) => setFields({ ...fields, ...changes });
  const problems = accessProblems(fields);
  const shown = tried ? problems : {};
  const text: TextOf = (name) => ({
    value: fields[name],
    onInput: (value) => change({ [name]: value }),
    error: shown[name],
  });
  const submit = async () => {
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    const draft = accessDraft(fields, access);
    const client = clients.find((it) => it.client_id === fields.clientId);
    if (!client) return;
    const saved = await run(() =>
      access === null
        ? giveAccess(userId, client, draft)
        : changeAccess(userId, { ...access, client }, draft)
    );
    if (saved.ok) onSaved();
  };
  const assigned = new Set(rows.flatMap((it) => it.client?.client_id ?? []));
  return (
    <FormDialog
      title={t(access ? "access.edit_title" : "access.add")}
      onClose={onClose}
      onSubmit={() => void submit()}
      submit={t("action.save")}
      busy={busy}
      error={error}
    >
      <ClientSelect
        clients={clients}
        value={fields.clientId}
        onChange={(clientId) => change({ clientId })}
        assigned={assigned}
        disabled={access !== null}
        error={shown.clientId}
      />
      <div class="pair">
        <Field label={t("access.port_start")} {...text("start")} />
        <Field label={t("access.port_end")} {...text("end")} />
      </div>
      <Protocols fields={fields} error={shown.tcp} onChange={change} />
      <Caps fields={fields} text={text} onChange={change} />
      <div class="pair">
        <QuantityField label={t("quota.title")} kind="bytes" {...text("quota")} />
        <Field
          label={t("quota.anchor")}
          type="date"
          value={fields.anchor}
          onInput={(anchor) => change({ anchor })}
          hint={t(access?.quota ? "quota.anchor_again" : "quota.anchor_hint")}
        />
      </div>
    </FormDialog>
  );
}

interface PartProps {
  readonly fields: AccessFields;
  readonly onChange: (changes: Partial<AccessFields>) => void;
}

function Protocols(
  { fields, error, onChange }: PartProps & { readonly error: string | undefined },
) {
  return (
    <fieldset>
      <legend>{t("column.protocol")}</legend>
      <div class="row">
        <Check label="TCP" checked={fields.tcp} onChange={(tcp) => onChange({ tcp })} />
        <Check label="UDP" checked={fields.udp} onChange={(udp) => onChange({ udp })} />
      </div>
      {error !== undefined && <p class="hint bad-text">{error}</p>}
    </fieldset>
  );
}

function Caps({ fields, text, onChange }: PartProps & { readonly text: TextOf }) {
  return (
    <fieldset>
      <legend>{t("access.caps")}</legend>
      <Check
        role="switch"
        label={t("quota.unlimited")}
        checked={fields.unlimited}
        onChange={(unlimited) => onChange({ unlimited })}
      />
      {!fields.unlimited && (
        <div class="pair">
          <QuantityField label={t("caps.in")} kind="rate" {...text("rateIn")} />
          <QuantityField label={t("caps.out")} kind="rate" {...text("rateOut")} />
          <Field label={t("caps.concurrent")} {...text("concurrent")} />
          <Field label={t("caps.new")} {...text("newPerSec")} />
        </div>
      )}
    </fieldset>
  );
}
