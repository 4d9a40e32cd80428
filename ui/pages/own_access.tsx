import { useQuery } from "../api/query.ts";
import type { Client, Grant, Quota, Rule } from "../api/types.ts";
import { formatPorts } from "../components/format.ts";
import { QuotaBar } from "../components/quota_bar.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { Table, type TableColumn } from "../components/table.tsx";
import { t } from "../i18n/i18n.ts";

interface Own {
  readonly client: Pick<Client, "client_id" | "client_name"> & {
    readonly connected: boolean | null;
  };
  readonly grants: readonly Grant[];
  readonly rules: readonly Rule[];
  readonly quota: Quota | null;
}

/** The clients that a user may use: which ports of them, what is used, and how much is left. */
export function OwnAccess({ userId }: { readonly userId: string }) {
  const clients = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  const rules = useQuery("GET /v1/rules", { query: {} }, { everyMs: 5_000 });
  const path = { user_id: userId };
  const quotas = useQuery("GET /v1/users/{user_id}/quotas", { path });
  const grants = useQuery("GET /v1/users/{user_id}/grants", { path });
  if (!clients.data || !rules.data || !quotas.data || !grants.data) {
    const error = clients.error ?? rules.error ?? quotas.error ?? grants.error;
    const reload = () => [clients, rules, quotas, grants].forEach((it) => it.reload());
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const rows = ownAccess({
    clients: clients.data,
    rules: rules.data,
    quotas: quotas.data,
    grants: grants.data,
  });
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

interface Facts {
  readonly clients: readonly Client[];
  readonly rules: readonly Rule[];
  readonly quotas: readonly Quota[];
  readonly grants: readonly Grant[];
}

function ownAccess({ clients, rules, quotas, grants }: Facts): Own[] {
  const granted = clients.filter((it) => it.revoked_at === null);
  const others = quotas.filter((quota) => !granted.some((it) => it.client_id === quota.client_id));
  return [...granted, ...others.map((it) => ({ ...it, connected: null }))].map((client) => ({
    client,
    grants: grants.filter((it) => it.client === "*" || it.client === client.client_name),
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
      title: t("access.may_listen"),
      cell: ({ grants }) =>
        grants.length === 0 ? "—" : grants.map((it) => (
          <span key={it.grant_id} class="grant">
            <code>{formatPorts(it.listen_port_start, it.listen_port_end)}</code>{" "}
            {it.protocols.join(", ").toUpperCase()}
          </span>
        )),
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
