import type { Certificate } from "../api/types.ts";
import { formatInstant } from "../components/format.ts";
import { t } from "../i18n/i18n.ts";

const CERTIFICATE_TONES: Readonly<Record<Certificate["status"], "good" | "bad" | "">> = {
  none: "",
  pending: "",
  valid: "good",
  expired: "bad",
  failed: "bad",
};

/** The certificate of a host; on hover until when it is valid, or what failed. */
export function CertificateBadge({ cert }: { readonly cert: Certificate | null }) {
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

/** The same at length: until when it is valid, and what failed. */
export function CertificateFacts({ cert }: { readonly cert: Certificate }) {
  const { not_after: until, last_error: error } = cert;
  return (
    <>
      <CertificateBadge cert={cert} />
      {until !== null && (
        <p class="hint">{t("certificate.until", { time: formatInstant(until) })}</p>
      )}
      {error !== null && <p class="hint bad-text">{error}</p>}
    </>
  );
}
