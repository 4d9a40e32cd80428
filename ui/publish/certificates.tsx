import { Fragment } from "preact";
import { useQuery } from "../api/query.ts";
import { formatInstant } from "../components/format.ts";
import { t } from "../i18n/i18n.ts";
import { CertificateFacts } from "./certificate_state.tsx";

/** Every host that has a certificate or wants one, and what is wrong with it. */
export function Certificates() {
  const { data = [] } = useQuery("GET /v1/publish/certificates", {}, { everyMs: 30_000 });
  if (data.length === 0) return null;
  return (
    <section class="card">
      <h2>{t("certificate.title")}</h2>
      <dl class="facts">
        {data.map((it) => (
          <Fragment key={it.host}>
            <dt>{it.host}</dt>
            <dd>
              <CertificateFacts cert={it} />
              {it.next_attempt !== null && (
                <p class="hint">
                  {t("certificate.next", { time: formatInstant(it.next_attempt) })}
                </p>
              )}
            </dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}
