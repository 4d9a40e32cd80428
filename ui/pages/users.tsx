import { useLocation } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import type { User } from "../api/types.ts";
import { useUrlState } from "../app/url_state.ts";
import { type Column, DataTable } from "../components/data_table.tsx";
import { formatInstant } from "../components/format.ts";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { Invitations } from "./invitations.tsx";
import { CreateUserDialog } from "./user_dialogs.tsx";

/** Who may use this server, for superadmins. */
export default function Users() {
  const { query, set } = useUrlState();
  const { path, route } = useLocation();
  const [creating, setCreating] = useState(false);
  useEffect(() => path === "/users/new" ? setCreating(true) : undefined, [path]);
  // Who may set up a second factor may invite: both are parts of publishing.
  const { data: own } = useQuery("GET /v1/users/me/totp", {});
  const { data, error, reload } = useQuery("GET /v1/users", {}, { everyMs: 5_000 });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const { q = "", sort = "" } = query;
  const wanted = q.trim().toLowerCase();
  const shown = data.filter((it) =>
    it.user_id.includes(wanted) || it.display_name.toLowerCase().includes(wanted)
  );
  return (
    <>
      <div class="page-head">
        <h1>{t("nav.users")}</h1>
        <button type="button" class="button primary" onClick={() => setCreating(true)}>
          {t("users.create")}
        </button>
      </div>
      <div class="toolbar">
        <input
          type="search"
          aria-label={t("users.search")}
          placeholder={t("users.search")}
          value={q}
          onInput={(event) => set({ q: event.currentTarget.value })}
        />
      </div>
      {shown.length === 0 ? <Empty title={t("users.no_match")} /> : (
        <DataTable
          label={t("nav.users")}
          rows={shown}
          columns={columns()}
          keyOf={(it) => it.user_id}
          sort={sort}
          onSort={(it) => set({ sort: it })}
        />
      )}
      {own?.available && <Invitations />}
      {creating && (
        <CreateUserDialog
          onClose={() => {
            setCreating(false);
            if (path === "/users/new") route("/users", true);
          }}
          onCreated={(userId) => route(`/users/${userId}`)}
        />
      )}
    </>
  );
}

function columns(): Column<User>[] {
  return [
    {
      id: "id",
      title: t("column.id"),
      width: "1fr",
      cell: ({ user_id }) => <a href={`/users/${user_id}`}>{user_id}</a>,
      sortBy: (it) => it.user_id,
    },
    {
      id: "name",
      title: t("label.display_name"),
      width: "1.3fr",
      cell: (it) => it.display_name,
      sortBy: (it) => it.display_name,
    },
    {
      id: "role",
      title: t("column.role"),
      width: "8rem",
      cell: (it) => <RoleBadge user={it} />,
      sortBy: (it) => it.role,
    },
    {
      id: "status",
      title: t("column.state"),
      width: "8rem",
      cell: (it) => <StatusBadge user={it} />,
      sortBy: (it) => Number(it.disabled),
    },
    {
      id: "grants",
      title: t("column.grants"),
      width: "7rem",
      cell: (it) => it.grant_count,
      sortBy: (it) => it.grant_count,
    },
    {
      id: "credentials",
      title: t("column.credentials"),
      width: "10rem",
      cell: (it) => it.credential_count,
      sortBy: (it) => it.credential_count,
    },
    {
      id: "created",
      title: t("rule.created"),
      width: "12.5rem",
      cell: (it) => formatInstant(it.created_at),
      sortBy: (it) => it.created_at,
    },
  ];
}

/** What somebody may do at all. */
export function RoleBadge({ user: { role } }: { readonly user: Pick<User, "role"> }) {
  return (
    <span class={`badge ${role === "superadmin" ? "strong" : ""}`}>
      {t(role === "superadmin" ? "role.superadmin" : "role.user")}
    </span>
  );
}

export function StatusBadge({ user: { disabled } }: { readonly user: Pick<User, "disabled"> }) {
  return (
    <span class={`badge ${disabled ? "bad" : "good"}`}>
      {t(disabled ? "user.disabled" : "user.enabled")}
    </span>
  );
}
