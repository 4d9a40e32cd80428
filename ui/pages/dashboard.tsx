import { useQuery } from "../api/query.ts";
import { session } from "../app/session.ts";
import { ErrorState, Loading } from "../components/states.tsx";
import { Tile } from "../components/tile.tsx";
import { t } from "../i18n/i18n.ts";

/** What there is, and what is wrong with it. */
export default function Dashboard() {
  const rules = useQuery("GET /v1/rules", { query: {} }, { everyMs: 5_000 });
  const clients = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  if (rules.data === undefined || clients.data === undefined) {
    const error = rules.error ?? clients.error;
    return error === null
      ? <Loading />
      : <ErrorState error={error} onRetry={() => (rules.reload(), clients.reload())} />;
  }
  const known = clients.data.filter((it) => it.revoked_at === null);
  const offline = known.filter((it) => !it.connected);
  const failed = rules.data.filter((it) => it.state.kind === "failed");
  const targets = rules.data.flatMap((it) => it.targets);
  const down = targets.filter((it) => it.health?.healthy === false);
  const isEmpty = rules.data.length === 0;
  return (
    <>
      <h1>{greeting()}</h1>
      <div class="tiles">
        <Tile
          label={t("dashboard.clients")}
          value={`${known.length - offline.length} / ${known.length}`}
          href="/clients"
        />
        <Tile label={t("nav.rules")} value={`${rules.data.length}`} href="/rules" />
        <Tile
          label={t("dashboard.targets")}
          value={`${targets.length - down.length} / ${targets.length}`}
          href="/rules"
        />
      </div>
      <section class="card">
        <h2>{t("dashboard.status")}</h2>
        {offline.length + failed.length + down.length === 0 && (
          <p class="muted">{t("dashboard.all_well")}</p>
        )}
        {offline.map((it) => (
          <p key={it.client_id}>
            <span class="badge bad">{t("client.offline")}</span> {it.client_name}
          </p>
        ))}
        {failed.map((it) => (
          <p key={it.id}>
            <span class="badge bad">{t("rule_state.failed")}</span>{" "}
            <a href={`/rules/${it.id}`}>{t("rule.title", { id: it.id })}</a>
          </p>
        ))}
        {down.map((it, i) => (
          <p key={i}>
            <span class="badge bad">{t("health.failed")}</span> <code>{it.host}:{it.port}</code>
          </p>
        ))}
      </section>
      {isEmpty && (
        <section class="card">
          <h2>{t("dashboard.first_steps")}</h2>
          <p>{t(known.length === 0 ? "dashboard.step_client" : "dashboard.step_rule")}</p>
          <p>
            <a class="button primary" href="/clients">{t("nav.clients")}</a>
          </p>
        </section>
      )}
    </>
  );
}

function greeting(): string {
  const state = session.value;
  return state.kind === "open"
    ? t("dashboard.hello", { name: state.me.display_name })
    : t("nav.dashboard");
}
