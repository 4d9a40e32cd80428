import { useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import type { Client } from "../api/types.ts";
import { session } from "../app/session.ts";
import { useUrlState } from "../app/url_state.ts";
import { type Column, DataTable } from "../components/data_table.tsx";
import { formatInstant, shortId } from "../components/format.ts";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { EnrollDialog } from "./enroll_dialog.tsx";

/** The machines that forward; revoked ones when asked for. */
export default function Clients() {
  const { query, set } = useUrlState();
  const [enrolling, setEnrolling] = useState(false);
  const { data, error, reload } = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const revoked = data.filter((it) => it.revoked_at !== null).length;
  const showRevoked = query["revoked"] === "1";
  const shown = data.filter((it) => showRevoked || it.revoked_at === null);
  const mayEnroll = session.value.kind === "open" && session.value.me.role === "superadmin";
  return (
    <>
      <div class="page-head">
        <h1>{t("nav.clients")}</h1>
        {revoked > 0 && (
          <button
            type="button"
            class="button"
            aria-pressed={showRevoked}
            onClick={() => set({ revoked: showRevoked ? "" : "1" })}
          >
            {t("clients.show_revoked", { n: revoked })}
          </button>
        )}
        {mayEnroll && (
          <button
            type="button"
            class="button primary"
            onClick={() => setEnrolling(true)}
          >
            {t("clients.enroll")}
          </button>
        )}
      </div>
      {shown.length === 0
        ? <Empty title={t("clients.none")} text={t("clients.none_text")} />
        : (
          <DataTable
            label={t("nav.clients")}
            rows={shown}
            columns={columns()}
            keyOf={(it) => it.client_id}
            sort={query["sort"] ?? ""}
            onSort={(sort) => set({ sort })}
          />
        )}
      {enrolling && <EnrollDialog clients={data} onClose={() => setEnrolling(false)} />}
    </>
  );
}

function columns(): Column<Client>[] {
  return [
    {
      id: "name",
      title: t("label.name"),
      width: "1.2fr",
      cell: (it) => it.client_name,
      sortBy: (it) => it.client_name,
    },
    {
      id: "id",
      title: t("column.id"),
      width: "8rem",
      cell: (it) => <code title={it.client_id}>{shortId(it.client_id)}</code>,
    },
    {
      id: "address",
      title: t("column.address"),
      width: "1.2fr",
      cell: (it) => it.client_address ?? "—",
    },
    {
      id: "since",
      title: t("column.connected_at"),
      width: "12rem",
      cell: (it) => formatInstant(it.connected_at),
    },
    {
      id: "status",
      title: t("column.state"),
      width: "9rem",
      cell: (it) => <ClientBadge client={it} />,
      sortBy: statusOf,
    },
  ];
}

function statusOf({ revoked_at, connected }: Client): "revoked" | "connected" | "offline" {
  return revoked_at !== null ? "revoked" : connected ? "connected" : "offline";
}

function ClientBadge({ client }: { readonly client: Client }) {
  const status = statusOf(client);
  const kind = { connected: "good", offline: "bad", revoked: "" }[status];
  return <span class={`badge ${kind}`}>{t(`client.${status}`)}</span>;
}
