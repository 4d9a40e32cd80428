/**
 * What is done to a tunnel: look at it, change who gets in, switch it on and off, remove it.
 *
 * @module
 */

import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate } from "../api/query.ts";
import type { Tunnel } from "../api/types.ts";
import { Confirm, Dialog } from "../components/dialog.tsx";
import { Field } from "../components/field.tsx";
import { FormDialog } from "../components/form_dialog.tsx";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";
import { CertificateFacts } from "./certificate_state.tsx";
import { DnsRecord } from "./dns_record.tsx";
import { CERTIFICATE_TIMEOUT, userIds } from "./tunnel_form.ts";
import { AccessFields } from "./tunnel_new.tsx";
import { TunnelState } from "./tunnel_state.tsx";

interface TunnelDialogProps {
  readonly tunnel: Tunnel;
  readonly onClose: () => void;
}

interface TunnelDetailsProps extends TunnelDialogProps {
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}

/** Everything about one tunnel, the record that its name needs, and what can be done to it. */
export function TunnelDetails({ tunnel, onClose, onEdit, onRemove }: TunnelDetailsProps) {
  const { busy, error, run } = useAction();
  const isOn = tunnel.state.kind === "active" || tunnel.state.kind === "provisioning";
  const setEnabled = async (enabled: boolean) => {
    const path = { tunnel_id: tunnel.id };
    const result = await run(() =>
      call("PATCH /v1/tunnels/{tunnel_id}", { path, body: { enabled } }, CERTIFICATE_TIMEOUT)
    );
    await invalidate("/v1/tunnels");
    if (!result.ok) return;
    toast("good", t(enabled ? "tunnel.is_on" : "tunnel.is_off", { host: tunnel.fqdn }));
    onClose();
  };
  return (
    <Dialog title={tunnel.fqdn} onClose={onClose} wide>
      <dl class="facts">
        <dt>{t("column.state")}</dt>
        <dd>
          <TunnelState tunnel={tunnel} />
          <p class="hint">{tunnel.state.reason ?? t(`tunnel.is_${tunnel.state.kind}`)}</p>
        </dd>
        <dt>{t("tunnel.kind")}</dt>
        <dd>{t(`tunnel.${tunnel.kind}`)}</dd>
        <dt>{t("column.client")}</dt>
        <dd>
          <a href={`/clients/${tunnel.client_id}`}>{tunnel.client_name ?? tunnel.client_id}</a>
          {tunnel.rule_id !== null && (
            <>
              {" · "}
              <a href={`/rules/${tunnel.rule_id}`}>{t("rule.title", { id: tunnel.rule_id })}</a>
            </>
          )}
        </dd>
        <dt>{t("column.target")}</dt>
        <dd>{tunnel.target}</dd>
        {tunnel.cert !== null && (
          <>
            <dt>{t("column.certificate")}</dt>
            <dd>
              <CertificateFacts cert={tunnel.cert} />
            </dd>
          </>
        )}
      </dl>
      <h3>{t("dns.record")}</h3>
      <DnsRecord name={tunnel.fqdn} pointsTo={tunnel.points_to} />
      {error !== null && <p class="alert" role="alert">{error}</p>}
      <footer>
        <button type="button" class="button danger" onClick={onRemove}>{t("action.remove")}</button>
        <button
          type="button"
          class="button"
          disabled={busy}
          onClick={() => void setEnabled(!isOn)}
        >
          {busy ? t("state.working") : t(isOn ? "tunnel.switch_off" : "tunnel.switch_on")}
        </button>
        <button type="button" class="button" onClick={onEdit}>{t("action.edit")}</button>
      </footer>
    </Dialog>
  );
}

/** Description, and for hosts of the ingress whom it lets in. */
export function EditTunnel({ tunnel, onClose }: TunnelDialogProps) {
  const [description, setDescription] = useState(tunnel.description ?? "");
  const [policy, setPolicy] = useState(
    {
      access: tunnel.access ?? "restricted",
      allowed: tunnel.allowed_users.join(", "),
    } as const,
  );
  const { busy, error, run } = useAction();
  const submit = async () => {
    const result = await run(() =>
      call("PATCH /v1/tunnels/{tunnel_id}", {
        path: { tunnel_id: tunnel.id },
        body: {
          description: description.trim(),
          ...(tunnel.access === null
            ? {}
            : { access: policy.access, allowed_users: userIds(policy.allowed) }),
        },
      })
    );
    await invalidate("/v1/tunnels");
    if (result.ok) onClose();
  };
  return (
    <FormDialog
      title={t("tunnel.edit_title", { host: tunnel.fqdn })}
      onClose={onClose}
      onSubmit={() => void submit()}
      submit={t("action.save")}
      busy={busy}
      error={error}
    >
      <Field
        label={t("tunnel.description")}
        value={description}
        onInput={setDescription}
        autoFocus
      />
      {tunnel.access !== null && (
        <AccessFields
          fields={policy}
          onChange={(changes) => setPolicy({ ...policy, ...changes })}
          goesAround={false}
        />
      )}
    </FormDialog>
  );
}

/** Asks first; the rule under the name goes along. */
export function RemoveTunnel({ tunnel, onClose }: TunnelDialogProps) {
  const { busy, error, run } = useAction();
  const remove = async () => {
    const path = { tunnel_id: tunnel.id };
    const result = await run(() => call("DELETE /v1/tunnels/{tunnel_id}", { path }));
    await invalidate("/v1/tunnels");
    if (result.ok) onClose();
  };
  const impact = [
    t("tunnel.impact_name", { host: tunnel.fqdn }),
    ...tunnel.rule_id === null ? [] : [t("tunnel.impact_rule", { id: tunnel.rule_id })],
  ];
  return (
    <Confirm
      title={t("tunnel.remove_title", { host: tunnel.fqdn })}
      onClose={onClose}
      impact={impact}
      confirm={t("action.remove")}
      busy={busy}
      onConfirm={() => void remove()}
    >
      <p>{t("tunnel.remove_text")}</p>
      {error !== null && <p class="alert" role="alert">{error}</p>}
    </Confirm>
  );
}
