import { useLocation, useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import type { Client, ClientOwner, Quota, Rule } from "../api/types.ts";
import { useCrumb } from "../app/crumb.ts";
import { isSuperadmin } from "../app/session.ts";
import { useUrlState } from "../app/url_state.ts";
import { formatInstant, formatPorts } from "../components/format.ts";
import { QuotaBar } from "../components/quota_bar.tsx";
import { StateBadge } from "../components/rule_badges.tsx";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { Table, type TableColumn } from "../components/table.tsx";
import { type Tab, Tabs } from "../components/tabs.tsx";
import { t } from "../i18n/i18n.ts";
import { DeleteClients, EditClient, RevokeClient } from "./client_dialogs.tsx";
import { ClientBadge } from "./clients.tsx";
import { EnrollDialog } from "./enroll_dialog.tsx";
import { TrafficPanel } from "./traffic_panel.tsx";

/** One client: what it is, whose it is, what it moves. */
export default function ClientPage() {
  const clientId = useRoute().params["clientId"] ?? "";
  const { data, error, reload } = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  const { query, set } = useUrlState();
  const client = data?.find((it) => it.client_id === clientId);
  useCrumb(client?.client_name);
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  if (!client) {
    return (
      <Empty title={t("client.not_found")}>
        <a class="button" href="/clients">{t("client.all")}</a>
      </Empty>
    );
  }
  const administrative: Tab[] = [
    {
      id: "owners",
      title: t("client.owners"),
      content: () => <Owners clientId={clientId} />,
    },
    {
      id: "traffic",
      title: t("traffic.title"),
      content: () => <TrafficPanel of="client" id={clientId} />,
    },
  ];
  return (
    <>
      <div class="page-head">
        <div>
          <div class="row">
            <h1>{client.client_name}</h1>
            <ClientBadge client={client} />
          </div>
          <code class="muted">{client.client_id}</code>
        </div>
        {isSuperadmin() && <Actions client={client} clients={data} />}
      </div>
      <Tabs
        label={t("client.tabs")}
        tabs={[
          {
            id: "overview",
            title: t("client.overview"),
            content: () => <Overview client={client} />,
          },
          ...isSuperadmin() ? administrative : [],
        ]}
        open={query["tab"] ?? ""}
        onOpen={(tab) => set({ tab })}
      />
    </>
  );
}

type Asking = "edit" | "enroll" | "revoke" | "delete";

interface ActionsProps {
  readonly client: Client;
  readonly clients: readonly Client[];
}

function Actions({ client, clients }: ActionsProps) {
  const { route } = useLocation();
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  const button = (what: Asking, label: string, kind = "") => (
    <button
      type="button"
      class={`button ${kind}`}
      onClick={() => setAsking(what)}
    >
      {label}
    </button>
  );
  return (
    <div class="row">
      {button("edit", t("action.edit"))}
      {button("enroll", t("enroll.re"))}
      {client.revoked_at === null
        ? button("revoke", t("client.revoke"), "danger")
        : button("delete", t("client.delete"), "danger")}
      {asking === "edit" && <EditClient client={client} onClose={close} />}
      {asking === "enroll" && <EnrollDialog clients={clients} again={client} onClose={close} />}
      {asking === "revoke" && <RevokeClient client={client} onClose={close} />}
      {asking === "delete" && (
        <DeleteClients
          clients={[client]}
          onClose={close}
          onDeleted={() => route("/clients")}
        />
      )}
    </div>
  );
}

function Overview({ client }: { readonly client: Client }) {
  const rules = useQuery("GET /v1/rules", { query: {} }, { everyMs: 5_000 });
  const own = rules.data?.filter((it) => it.client_id === client.client_id) ?? [];
  return (
    <>
      <section class="card">
        <dl class="facts">
          <dt>{t("column.address")}</dt>
          <dd>{client.client_address ?? "—"}</dd>
          <dt>{t("client.peer")}</dt>
          <dd>
            <code>{client.remote_addr ?? "—"}</code>
          </dd>
          <dt>{t("column.connected_at")}</dt>
          <dd>{formatInstant(client.connected_at)}</dd>
          <dt>{t("client.provisioned")}</dt>
          <dd>{formatInstant(client.provisioned_at)}</dd>
          {client.revoked_at !== null && (
            <>
              <dt>{t("client.revoked_at")}</dt>
              <dd>{formatInstant(client.revoked_at)}</dd>
            </>
          )}
        </dl>
      </section>
      <Table
        label={t("nav.rules")}
        rows={own}
        columns={ruleColumns()}
        keyOf={(it) => `${it.id}`}
        empty={t("client.no_rules")}
      />
    </>
  );
}

function ruleColumns(): TableColumn<Rule>[] {
  return [
    { title: t("column.id"), cell: ({ id }) => <a href={`/rules/${id}`}>#{id}</a> },
    {
      title: t("column.listen"),
      cell: (it) => <code>{formatPorts(it.listen_port, it.listen_port_end)}</code>,
    },
    {
      title: t("column.target"),
      cell: (it) => (
        <>
          <code>{it.target_host}:{formatPorts(it.target_port, it.target_port_end)}</code>{" "}
          {it.targets.length > 1 && <span class="badge">×{it.targets.length}</span>}
        </>
      ),
    },
    { title: t("column.protocol"), cell: (it) => it.protocol.toUpperCase() },
    { title: t("column.owner"), cell: (it) => it.owner_user_id ?? "—" },
    { title: t("column.state"), cell: ({ state }) => <StateBadge state={state} /> },
  ];
}

interface OwnerRow extends ClientOwner {
  readonly quota: Quota | null;
}

/** Who has rules, limits or quotas here. */
function Owners({ clientId }: { readonly clientId: string }) {
  const path = { client_id: clientId };
  const every = { everyMs: 10_000 };
  const owners = useQuery("GET /v1/clients/{client_id}/owners", { path }, every);
  const quotas = useQuery("GET /v1/clients/{client_id}/quotas", { path }, every);
  if (owners.data === undefined || quotas.data === undefined) {
    const error = owners.error ?? quotas.error;
    const reload = () => (owners.reload(), quotas.reload());
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const rows = ownerRows(owners.data, quotas.data);
  const exhausted = quotas.data.filter((it) => it.exhausted).map((it) => it.user_id);
  return (
    <>
      {exhausted.length > 0 && (
        <p class="alert" role="alert">{t("client.exhausted", { users: exhausted.join(", ") })}</p>
      )}
      <Table
        label={t("client.owners")}
        rows={rows}
        columns={ownerColumns()}
        keyOf={(it) => it.owner_id}
        empty={t("client.no_owners")}
      />
    </>
  );
}

function ownerRows(owners: readonly ClientOwner[], quotas: readonly Quota[]): OwnerRow[] {
  const others = quotas.filter((it) => !owners.some(({ owner_id }) => owner_id === it.user_id));
  const idle = others.map((it) => ({ owner_id: it.user_id, has_rate_limit: false, rule_count: 0 }));
  return [...owners, ...idle].map((owner) => ({
    ...owner,
    quota: quotas.find((it) => it.user_id === owner.owner_id) ?? null,
  }));
}

function ownerColumns(): TableColumn<OwnerRow>[] {
  return [
    {
      title: t("column.owner"),
      cell: ({ owner_id }) => <a href={`/users/${owner_id}`}>{owner_id}</a>,
    },
    { title: t("nav.rules"), isNumber: true, cell: (it) => it.rule_count },
    {
      title: t("access.caps"),
      cell: (it) => t(it.has_rate_limit ? "client.capped" : "quota.unlimited"),
    },
    {
      title: t("quota.title"),
      cell: ({ quota }) =>
        quota ? <QuotaBar quota={quota} /> : <span class="muted">{t("quota.unlimited")}</span>,
    },
  ];
}
