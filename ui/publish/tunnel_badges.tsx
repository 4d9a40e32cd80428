import type { Tunnel } from "../api/types.ts";
import { formatInstant } from "../components/format.ts";
import { t } from "../i18n/i18n.ts";

type StateKind = Tunnel["state"]["kind"];

const TONES: Readonly<Record<StateKind, "good" | "bad" | "warn" | "">> = {
  provisioning: "",
  active: "good",
  failed: "bad",
  disabled: "",
  detached: "warn",
};

/** How far a tunnel is, and why it is no further. */
export function TunnelState({ tunnel: { state } }: { readonly tunnel: Pick<Tunnel, "state"> }) {
  return (
    <span class={`badge ${TONES[state.kind]}`} title={state.reason ?? t(`tunnel.is_${state.kind}`)}>
      {t(`tunnel.state_${state.kind}`)}
    </span>
  );
}

/** How far the certificate of a host is. */
export type CertificateState = NonNullable<Tunnel["cert"]>;

const CERTIFICATE_TONES: Readonly<Record<CertificateState["status"], "good" | "bad" | "">> = {
  none: "",
  pending: "",
  valid: "good",
  expired: "bad",
  failed: "bad",
};

/** The certificate of a host; on hover until when it is valid, or what failed. */
export function CertificateBadge({ cert }: { readonly cert: CertificateState | null }) {
  if (cert === null) return <span class="muted">{t("certificate.elsewhere")}</span>;
  const until = cert.not_after === null
    ? ""
    : t("certificate.until", { time: formatInstant(cert.not_after) });
  return (
    <span
      class={`badge ${CERTIFICATE_TONES[cert.status]}`}
      title={[until, cert.last_error].filter(Boolean).join("\n")}
    >
      {t(`certificate.${cert.status}`)}
    </span>
  );
}
