import { useQuery } from "../api/query.ts";
import type { HostCertificate } from "../api/types.ts";
import { formatInstant } from "../components/format.ts";
import { t } from "../i18n/i18n.ts";
import { CertificateBadge } from "./tunnel_badges.tsx";

/** Every host that has a certificate or wants one, and what is wrong with it. */
export function Certificates() {
  const { data = [] } = useQuery("GET /v1/publish/certificates", {}, { everyMs: 30_000 });
  if (data.length === 0) return null;
  return (
    <section class="card">
      <h2>{t("certificate.title")}</h2>
      <dl class="facts">{data.map((it) => <Row key={it.host} cert={it} />)}</dl>
    </section>
  );
}

function Row({ cert }: { readonly cert: HostCertificate }) {
  const { host, not_after: until, last_error: error, next_attempt: next } = cert;
  return (
    <>
      <dt>{host}</dt>
      <dd>
        <CertificateBadge cert={cert} />
        {until !== null && (
          <p class="hint">{t("certificate.until", { time: formatInstant(until) })}</p>
        )}
        {error !== null && <p class="hint bad-text">{error}</p>}
        {next !== null && <p class="hint">{t("certificate.next", { time: formatInstant(next) })}
        </p>}
      </dd>
    </>
  );
}
