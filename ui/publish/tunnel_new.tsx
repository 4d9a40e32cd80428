import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Tunnel } from "../api/types.ts";
import { isSuperadmin } from "../app/session.ts";
import { ClientSelect } from "../components/client_select.tsx";
import { Field } from "../components/field.tsx";
import { FormDialog } from "../components/form_dialog.tsx";
import { Select } from "../components/inputs.tsx";
import { t } from "../i18n/i18n.ts";
import {
  type AccessMode,
  canGoAround,
  CERTIFICATE_TIMEOUT,
  noTunnelFields,
  tunnelBody,
  type TunnelFields,
  tunnelProblems,
} from "./tunnel_form.ts";

export interface NewTunnelProps {
  /** What labels are below; `null` while none is set. */
  readonly domain: string | null;
  readonly onClose: () => void;
  readonly onCreated: (tunnel: Tunnel) => void;
}

/** A host name that leads to a service behind a client. */
export function NewTunnel({ domain, onClose, onCreated }: NewTunnelProps) {
  const [fields, setFields] = useState<TunnelFields>(noTunnelFields);
  const [tried, setTried] = useState(false);
  const { busy, error, refuse, run } = useAction();
  const { data: clients = [] } = useQuery("GET /v1/clients", {});
  const set = (changes: Partial<TunnelFields>) => setFields({ ...fields, ...changes });
  const problems = tunnelProblems(fields);
  const client = clients.find((it) => it.client_id === fields.clientId);
  const goesAround = client !== undefined && canGoAround(fields, client.client_address);
  const submit = async () => {
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    if (goesAround) return refuse(t("tunnel.goes_around"));
    const body = tunnelBody(fields);
    const result = await run(() => call("POST /v1/tunnels", { body }, CERTIFICATE_TIMEOUT));
    void invalidate("/v1/tunnels");
    if (result.ok) onCreated(result.value);
  };
  return (
    <FormDialog
      title={t("tunnel.create")}
      onClose={onClose}
      wide
      onSubmit={() => void submit()}
      submit={t("tunnel.create")}
      busy={busy}
      error={error}
    >
      <Field
        label={t("column.host")}
        value={fields.name}
        onInput={(name) => set({ name })}
        hint={domain === null ? t("tunnel.full_name_hint") : t("tunnel.name_hint", { domain })}
        error={tried && problems.name ? t("field.required") : undefined}
        autoFocus
      />
      <Select
        label={t("tunnel.kind")}
        value={fields.kind}
        options={[
          { value: "passthrough", label: t("tunnel.passthrough") },
          { value: "terminate", label: t("tunnel.terminate") },
        ]}
        onChange={(kind) => set({ kind })}
        hint={t(`tunnel.${fields.kind}_hint`)}
      />
      <ClientSelect
        clients={clients}
        value={fields.clientId}
        onChange={(clientId) => set({ clientId })}
        error={tried && problems.client ? t("field.required") : undefined}
      />
      <Field
        label={t("column.target")}
        value={fields.target}
        onInput={(target) => set({ target })}
        hint={t("tunnel.target_hint")}
        error={tried && problems.target ? t("tunnel.target_wrong") : undefined}
      />
      <Field
        label={t("tunnel.listen_port")}
        value={fields.listenPort}
        onInput={(listenPort) => set({ listenPort })}
        hint={t(`tunnel.${fields.kind}_port_hint`)}
        error={tried && problems.port ? t("tunnel.port_wrong") : undefined}
      />
      {fields.kind === "terminate" && (
        <AccessFields fields={fields} onChange={set} goesAround={goesAround} />
      )}
      <Field
        label={t("tunnel.description")}
        value={fields.description}
        onInput={(description) => set({ description })}
      />
      {busy && fields.kind === "terminate" && (
        <p class="muted" role="status">{t("tunnel.certificate_takes")}</p>
      )}
    </FormDialog>
  );
}

export interface AccessFieldsProps {
  readonly fields: Pick<TunnelFields, "access" | "allowed">;
  readonly onChange: (changes: { readonly access?: AccessMode; readonly allowed?: string }) => void;
  /** Whether the login could be gone around. */
  readonly goesAround: boolean;
}

/** Whom the ingress lets in. Only administrators open a host wider than to named users. */
export function AccessFields({ fields, onChange, goesAround }: AccessFieldsProps) {
  const modes: readonly AccessMode[] = isSuperadmin()
    ? ["restricted", "authenticated", "public"]
    : ["restricted"];
  return (
    <>
      <Select
        label={t("tunnel.access")}
        value={fields.access}
        options={modes.map((value) => ({ value, label: t(`gate.${value}`) }))}
        onChange={(access) => onChange({ access })}
        hint={t(`gate.${fields.access}_hint`)}
      />
      {fields.access === "restricted" && (
        <Field
          label={t("gate.users")}
          value={fields.allowed}
          onInput={(allowed) => onChange({ allowed })}
          hint={t("gate.users_hint")}
        />
      )}
      {goesAround && <p class="alert warn" role="alert">{t("tunnel.goes_around")}</p>}
    </>
  );
}
