import { useQuery } from "../api/query.ts";
import type { Client, Quota, Rule } from "../api/types.ts";
import { formatPorts } from "../components/format.ts";
import { QuotaBar } from "../components/quota_bar.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { Table, type TableColumn } from "../components/table.tsx";
import { t } from "../i18n/i18n.ts";

interface Own {
  readonly client: Pick<Client, "client_id" | "client_name"> & {
    readonly connected: boolean | null;
  };
  readonly rules: readonly Rule[];
  readonly quota: Quota | null;
}

/** The clients that a user may use, with what is used of them; grants themselves are for superadmins. */
export function OwnAccess({ userId }: { readonly userId: string }) {
  const clients = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  const rules = useQuery("GET /v1/rules", { query: {} }, { everyMs: 5_000 });
  const quotas = useQuery("GET /v1/users/{user_id}/quotas", { path: { user_id: userId } });
  if (clients.data === undefined || rules.data === undefined || quotas.data === undefined) {
    const error = clients.error ?? rules.error ?? quotas.error;
    const reload = () => (clients.reload(), rules.reload(), quotas.reload());
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const rows = ownAccess(clients.data, rules.data, quotas.data);
  const exhausted = rows.filter((it) => it.quota?.exhausted);
  return (
    <>
      {exhausted.length > 0 && (
        <p class="alert" role="alert">
          {t("quota.banner", { clients: exhausted.map((it) => it.client.client_name).join(", ") })}
        </p>
      )}
      <Table
        label={t("user.tab_access")}
        rows={rows}
        columns={columns()}
        keyOf={(it) => it.client.client_id}
        empty={t("access.none_own")}
      />
    </>
  );
}

function ownAccess(
  clients: readonly Client[],
  rules: readonly Rule[],
  quotas: readonly Quota[],
): Own[] {
  const granted = clients.filter((it) => it.revoked_at === null);
  const others = quotas.filter((quota) => !granted.some((it) => it.client_id === quota.client_id));
  return [...granted, ...others.map((it) => ({ ...it, connected: null }))].map((client) => ({
    client,
    rules: rules.filter((it) => it.client_id === client.client_id),
    quota: quotas.find((it) => it.client_id === client.client_id) ?? null,
  }));
}

function columns(): TableColumn<Own>[] {
  return [
    {
      title: t("column.client"),
      cell: ({ client }) => <a href={`/clients/${client.client_id}`}>{client.client_name}</a>,
    },
    {
      title: t("column.state"),
      cell: ({ client: { connected } }) =>
        connected === null ? "—" : (
          <span class={`badge ${connected ? "good" : "bad"}`}>
            {t(connected ? "client.connected" : "client.offline")}
          </span>
        ),
    },
    {
      title: t("nav.rules"),
      cell: ({ client, rules }) =>
        rules.length === 0
          ? "—"
          : (
            <a href={`/rules?client=${encodeURIComponent(client.client_name)}`}>
              {rules.slice(0, 4).map((it) => formatPorts(it.listen_port, it.listen_port_end))
                .join(", ")}
              {rules.length > 4 && ` +${rules.length - 4}`}
            </a>
          ),
    },
    {
      title: t("quota.title"),
      cell: ({ quota }) =>
        quota ? <QuotaBar quota={quota} /> : <span class="muted">{t("quota.unlimited")}</span>,
    },
  ];
}
