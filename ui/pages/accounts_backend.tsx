import { useQuery } from "../api/query.ts";
import type { IdentityBackend } from "../api/types.ts";
import { formatAge } from "../components/age.tsx";
import { formatCount } from "../components/format.ts";
import { ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";

const NAMES = {
  postgres: "PostgreSQL",
  mysql: "MySQL",
  libsql: "libSQL",
} as const satisfies Record<Exclude<IdentityBackend["backend"], "embedded">, string>;

/** Where accounts are kept, and how that database is. */
export function AccountsBackend() {
  const { data, error, reload } = useQuery("GET /v1/settings/identity-backend", {}, {
    everyMs: 10_000,
  });
  return (
    <section class="card">
      <h2>{t("backend.title")}</h2>
      {data
        ? <Facts status={data} />
        : error
        ? <ErrorState error={error} onRetry={reload} />
        : <Loading />}
    </section>
  );
}

function Facts({ status }: { readonly status: IdentityBackend }) {
  const { backend, latency_ms: latency, connections, failures, replica } = status;
  if (backend === "embedded") return <p class="muted">{t("backend.embedded")}</p>;
  const failed = failures.unavailable + failures.timeout;
  return (
    <dl class="facts">
      <dt>{t("backend.database")}</dt>
      <dd>{NAMES[backend]}</dd>
      <dt>{t("backend.health")}</dt>
      <dd>
        {latency === null ? t("backend.unreachable") : t("backend.answers", { ms: `${latency}` })}
      </dd>
      {connections !== null && (
        <>
          <dt>{t("backend.connections")}</dt>
          <dd>{connections.in_use} / {connections.max}</dd>
        </>
      )}
      <dt>{t("backend.failures")}</dt>
      <dd>{formatCount(failed)}</dd>
      {replica !== null && (
        <>
          <dt>{t("backend.replica")}</dt>
          <dd>
            {t(replica.failing ? "backend.replica_failing" : "backend.replica_age", {
              age: formatAge(replica.age_secs * 1_000),
            })}
          </dd>
        </>
      )}
    </dl>
  );
}
