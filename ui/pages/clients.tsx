import { useLocation } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import type { Client } from "../api/types.ts";
import { isSuperadmin } from "../app/session.ts";
import { useUrlState } from "../app/url_state.ts";
import { type Column, DataTable } from "../components/data_table.tsx";
import { formatInstant, shortId } from "../components/format.ts";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { DeleteClients } from "./client_dialogs.tsx";
import { EnrollDialog } from "./enroll_dialog.tsx";

/** The machines that forward; revoked ones when asked for. */
export default function Clients() {
  const { query, set } = useUrlState();
  const { path, route } = useLocation();
  const [enrolling, setEnrolling] = useState(false);
  useEffect(() => path === "/clients/new" ? setEnrolling(true) : undefined, [path]);
  const [purging, setPurging] = useState(false);
  const { data, error, reload } = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const revoked = data.filter((it) => it.revoked_at !== null);
  const { q = "", status = "", sort = "" } = query;
  const current = data.filter((it) => query["revoked"] === "1" || it.revoked_at === null);
  const shown = current.filter((it) =>
    matches(it, q) && (status === "" || statusOf(it) === status)
  );
  return (
    <>
      <Head
        revoked={revoked.length}
        onEnroll={() => setEnrolling(true)}
        onPurge={() => setPurging(true)}
      />
      {current.length > 0 && <Filters />}
      {current.length === 0
        ? <Empty title={t("clients.none")} text={t("clients.none_text")} />
        : shown.length === 0
        ? <Empty title={t("client_select.none")} />
        : (
          <DataTable
            label={t("nav.clients")}
            rows={shown}
            columns={columns()}
            keyOf={(it) => it.client_id}
            sort={sort}
            onSort={(it) => set({ sort: it })}
          />
        )}
      {enrolling && (
        <EnrollDialog
          clients={data}
          onClose={() => {
            setEnrolling(false);
            if (path === "/clients/new") route("/clients", true);
          }}
        />
      )}
      {purging && (
        <DeleteClients
          clients={revoked}
          onClose={() => setPurging(false)}
          onDeleted={() => (setPurging(false), set({ revoked: "" }))}
        />
      )}
    </>
  );
}

interface HeadProps {
  /** How many are revoked. */
  readonly revoked: number;
  readonly onEnroll: () => void;
  readonly onPurge: () => void;
}

function Head({ revoked, onEnroll, onPurge }: HeadProps) {
  const { query, set } = useUrlState();
  const showRevoked = query["revoked"] === "1";
  return (
    <div class="page-head">
      <h1>{t("nav.clients")}</h1>
      {showRevoked && revoked > 0 && isSuperadmin() && (
        <button type="button" class="button danger" onClick={onPurge}>{t("clients.purge")}</button>
      )}
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
      {isSuperadmin() && (
        <button type="button" class="button primary" onClick={onEnroll}>
          {t("clients.enroll")}
        </button>
      )}
    </div>
  );
}

function Filters() {
  const { query: { q = "", status = "" }, set } = useUrlState();
  return (
    <div class="toolbar">
      <input
        type="search"
        aria-label={t("client_select.search")}
        placeholder={t("client_select.search")}
        value={q}
        onInput={(event) => set({ q: event.currentTarget.value })}
      />
      <select
        aria-label={t("column.state")}
        value={status}
        onChange={(event) => set({ status: event.currentTarget.value })}
      >
        <option value="">{t("clients.any_state")}</option>
        <option value="connected">{t("client.connected")}</option>
        <option value="offline">{t("client.offline")}</option>
      </select>
    </div>
  );
}

function columns(): Column<Client>[] {
  return [
    {
      id: "name",
      title: t("label.name"),
      width: "1.2fr",
      cell: (it) => <a href={`/clients/${it.client_id}`}>{it.client_name}</a>,
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

function matches({ client_name, client_id, client_address }: Client, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  return [client_name, client_id, client_address ?? ""].some((it) =>
    it.toLowerCase().includes(wanted)
  );
}

function statusOf({ revoked_at, connected }: Client): "revoked" | "connected" | "offline" {
  return revoked_at !== null ? "revoked" : connected ? "connected" : "offline";
}

export function ClientBadge({ client }: { readonly client: Client }) {
  const status = statusOf(client);
  const kind = { connected: "good", offline: "bad", revoked: "" }[status];
  return <span class={`badge ${kind}`}>{t(`client.${status}`)}</span>;
}
