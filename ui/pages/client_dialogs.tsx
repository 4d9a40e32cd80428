/**
 * What superadmins do to clients: change, revoke, delete.
 *
 * @module
 */
import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { type ApiError, call, type Result } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Client, Rule } from "../api/types.ts";
import { Confirm } from "../components/dialog.tsx";
import { Field } from "../components/field.tsx";
import { FormDialog } from "../components/form_dialog.tsx";
import { formatPorts } from "../components/format.ts";
import { Check } from "../components/inputs.tsx";
import { t } from "../i18n/i18n.ts";

interface ClientDialogProps {
  readonly client: Client;
  readonly onClose: () => void;
}

/** Name and entry address. */
export function EditClient({ client, onClose }: ClientDialogProps) {
  const [name, setName] = useState(client.client_name);
  const [address, setAddress] = useState(client.client_address ?? "");
  const { busy, error, refuse, run } = useAction();
  const submit = async () => {
    if (name.trim() === "" || address.trim() === "") return refuse(t("client.both_required"));
    const saved = await run(() => save(client, { name: name.trim(), address: address.trim() }));
    await invalidate("/v1/clients");
    if (saved.ok) onClose();
  };
  return (
    <FormDialog
      title={t("client.edit_title", { name: client.client_name })}
      onClose={onClose}
      onSubmit={() => void submit()}
      submit={t("action.save")}
      busy={busy}
      error={error}
    >
      <Field
        label={t("label.name")}
        value={name}
        onInput={setName}
        hint={t("client.name_hint")}
        autoFocus
      />
      <Field
        label={t("column.address")}
        value={address}
        onInput={setAddress}
        hint={t("enroll.address_hint")}
      />
    </FormDialog>
  );
}

/** Two operations: the name is changed only once the address was. */
async function save(
  client: Client,
  { name, address }: { readonly name: string; readonly address: string },
): Promise<Result<unknown>> {
  const path = { client_id: client.client_id };
  if (address !== client.client_address) {
    const moved = await call("PUT /v1/clients/{client_id}", { path, body: { address } });
    if (!moved.ok) return moved;
  }
  if (name === client.client_name) return { ok: true, value: undefined };
  return await call("PATCH /v1/clients/{client_id}/name", { path, body: { client_name: name } });
}

/** A rule as a line of a list of what goes. */
export function ruleImpact(rule: Rule): string {
  const port = formatPorts(rule.listen_port, rule.listen_port_end);
  return t("impact.rule", { id: rule.id, client: rule.client_name, port });
}

/** Voids a client's token, after saying which ports close. */
export function RevokeClient({ client, onClose }: ClientDialogProps) {
  const rules = useQuery("GET /v1/rules", { query: {} });
  const { busy, error, run } = useAction();
  const path = { client_id: client.client_id };
  const revoke = async () => {
    const revoked = await run(() => call("POST /v1/clients/{client_id}/revoke", { path }));
    if (!revoked.ok) return;
    await invalidate("/v1/clients");
    onClose();
  };
  const own = rules.data?.filter((it) => it.client_id === client.client_id) ?? [];
  return (
    <Confirm
      title={t("client.revoke_title", { name: client.client_name })}
      confirm={t("client.revoke")}
      busy={busy}
      impact={own.map(ruleImpact)}
      onClose={onClose}
      onConfirm={() => void revoke()}
    >
      <p>{t(own.length > 0 ? "client.revoke_text" : "client.revoke_nothing")}</p>
      {error !== null && <p class="alert" role="alert">{error}</p>}
    </Confirm>
  );
}

export interface DeleteClientsProps {
  /** Revoked ones. */
  readonly clients: readonly Client[];
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}

/** Deletes revoked clients, with the rules that would be left behind unless those are to stay. */
export function DeleteClients({ clients, onClose, onDeleted }: DeleteClientsProps) {
  const rules = useQuery("GET /v1/rules", { query: {} });
  const [withRules, setWithRules] = useState(true);
  const { busy, error, run } = useAction();
  const ids = new Set(clients.map((it) => it.client_id));
  const left = rules.data?.filter((it) => ids.has(it.client_id)) ?? [];
  const remove = async () => {
    const removed = await run(() => removeAll(clients, withRules ? left : []));
    await Promise.all([invalidate("/v1/clients"), invalidate("/v1/rules")]);
    if (removed.ok) onDeleted();
  };
  const [only] = clients;
  const title = clients.length === 1 && only
    ? t("client.delete_title", { name: only.client_name })
    : t("client.delete_many_title", { n: clients.length });
  return (
    <Confirm
      title={title}
      confirm={t("client.delete")}
      busy={busy || rules.data === undefined}
      impact={[
        ...clients.length > 1 ? clients.map((it) => it.client_name) : [],
        ...withRules ? left.map(ruleImpact) : [],
      ]}
      onClose={onClose}
      onConfirm={() => void remove()}
    >
      <p>{t("client.delete_text")}</p>
      {left.length > 0 && (
        <Check
          label={t("client.delete_rules", { n: left.length })}
          checked={withRules}
          onChange={setWithRules}
          hint={t("client.delete_rules_hint")}
        />
      )}
      {error !== null && <p class="alert" role="alert">{error}</p>}
    </Confirm>
  );
}

/** Rules first; what is gone already is no mistake. */
async function removeAll(
  clients: readonly Client[],
  rules: readonly Rule[],
): Promise<Result<undefined>> {
  const isMissing = ({ status }: ApiError) => status === 404;
  for (const { id } of rules) {
    const removed = await call("DELETE /v1/rules/{rule_id}", { path: { rule_id: id } });
    if (!removed.ok && !isMissing(removed.error)) return removed;
  }
  for (const { client_id } of clients) {
    const removed = await call("DELETE /v1/clients/{client_id}", { path: { client_id } });
    if (!removed.ok && !isMissing(removed.error)) return removed;
  }
  return { ok: true, value: undefined };
}
