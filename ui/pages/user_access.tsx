import { useEffect, useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { type ApiError, call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { RateLimit, Rule } from "../api/types.ts";
import { Confirm } from "../components/dialog.tsx";
import { formatPorts, formatRate } from "../components/format.ts";
import { QuotaBar } from "../components/quota_bar.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { Table, type TableColumn } from "../components/table.tsx";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";
import { type Access, loadAccess, rulesLost, takeAccess } from "./access.ts";
import { AccessDialog } from "./access_dialog.tsx";

type Asking = { readonly what: "add" } | {
  readonly what: "edit" | "remove" | "clear";
  readonly access: Access;
};

/** Where a user may listen, how much, and how much of it is used: seen and edited. */
export function UserAccess({ userId }: { readonly userId: string }) {
  const { rows, error, reload } = useAccess(userId);
  const clients = useQuery("GET /v1/clients", {});
  const rules = useQuery("GET /v1/rules", { query: { owner: userId } });
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  if (rows === undefined || clients.data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const changed = () => {
    close();
    reload();
    void invalidate(`/v1/users/${userId}`);
    void invalidate("/v1/rules");
  };
  const exhausted = rows.filter((it) => it.quota?.exhausted);
  return (
    <>
      {exhausted.length > 0 && (
        <p class="alert" role="alert">
          {t("quota.banner", { clients: exhausted.map((it) => it.name).join(", ") })}
        </p>
      )}
      <div class="section-head">
        <p class="muted">{t("access.text")}</p>
        <button type="button" class="button" onClick={() => setAsking({ what: "add" })}>
          {t("access.add")}
        </button>
      </div>
      <Table
        label={t("user.tab_access")}
        rows={rows}
        columns={columns((what, access) => setAsking({ what, access }))}
        keyOf={(it) => `${it.name} ${it.client?.client_id}`}
        empty={t("access.none")}
      />
      {asking !== null && (asking.what === "add" || asking.what === "edit") && (
        <AccessDialog
          userId={userId}
          clients={clients.data}
          rows={rows}
          access={asking.what === "edit" ? asking.access : null}
          onClose={close}
          onSaved={changed}
        />
      )}
      {asking?.what === "remove" && (
        <RemoveAccess
          userId={userId}
          access={asking.access}
          lost={rulesLost(asking.access, rules.data ?? [], rows)}
          onClose={close}
          onRemoved={changed}
        />
      )}
      {asking?.what === "clear" && (
        <ClearUsage userId={userId} access={asking.access} onClose={close} onCleared={changed} />
      )}
    </>
  );
}

function useAccess(userId: string) {
  const [rows, setRows] = useState<readonly Access[]>();
  const [error, setError] = useState<ApiError | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    void loadAccess(userId).then((result) => {
      if (!current) return;
      setError(result.ok ? null : result.error);
      if (result.ok) setRows(result.value);
    });
    return () => void (current = false);
  }, [userId, round]);
  return { rows, error, reload: () => setRound((it) => it + 1) };
}

function columns(
  onAsk: (what: "edit" | "remove" | "clear", access: Access) => void,
): TableColumn<Access>[] {
  return [
    { title: t("column.client"), cell: (it) => <ClientCell access={it} /> },
    {
      title: t("access.ports"),
      cell: ({ grants: [first] }) =>
        first ? <code>{formatPorts(first.listen_port_start, first.listen_port_end)}</code> : "—",
    },
    {
      title: t("column.protocol"),
      cell: ({ grants: [first] }) => first?.protocols.join(", ").toUpperCase() ?? "—",
    },
    { title: t("access.caps"), cell: ({ caps }) => capsText(caps) },
    {
      title: t("quota.title"),
      cell: ({ quota }) =>
        quota ? <QuotaBar quota={quota} /> : <span class="muted">{t("quota.unlimited")}</span>,
    },
    {
      title: "",
      isNumber: true,
      cell: (it) => (
        <span class="row-actions">
          {it.client !== null && (
            <button
              type="button"
              class="link"
              onClick={() => onAsk("edit", it)}
            >
              {t("action.edit")}
            </button>
          )}
          {it.quota !== null && (
            <button
              type="button"
              class="link"
              onClick={() => onAsk("clear", it)}
            >
              {t("quota.clear")}
            </button>
          )}
          <button type="button" class="link bad-text" onClick={() => onAsk("remove", it)}>
            {t("action.remove")}
          </button>
        </span>
      ),
    },
  ];
}

function ClientCell(
  { access: { name, client, grants, isAmbiguous } }: { readonly access: Access },
) {
  const warnings = [
    ...(isAmbiguous ? [t("access.ambiguous")] : []),
    ...(grants.length > 1 ? [t("access.merged", { n: grants.length })] : []),
    ...(grants.length === 0 ? [t("access.no_grant")] : []),
    ...(client === null && name !== "*" ? [t("access.no_client")] : []),
  ];
  return (
    <>
      {client
        ? <a href={`/clients/${client.client_id}`}>{name}</a>
        : name === "*"
        ? t("access.all_clients")
        : name}{" "}
      {client !== null && !client.connected && <span class="badge bad">{t("client.offline")}</span>}
      {warnings.map((it) => <small key={it} class="warn-text">{it}</small>)}
    </>
  );
}

/** Caps in one line, `—` for none. */
export function capsText(caps: RateLimit | null | undefined): string {
  const { bandwidth_in_bps, bandwidth_out_bps, new_connections_per_sec, concurrent_connections } =
    caps ?? {};
  const parts = [
    bandwidth_in_bps !== undefined && `↓ ${formatRate(bandwidth_in_bps)}`,
    bandwidth_out_bps !== undefined && `↑ ${formatRate(bandwidth_out_bps)}`,
    new_connections_per_sec !== undefined && `${new_connections_per_sec}/s`,
    concurrent_connections !== undefined && `≤ ${concurrent_connections}`,
  ].filter((it) => it !== false);
  return parts.length === 0 ? "—" : parts.join(" · ");
}

interface RemoveAccessProps {
  readonly userId: string;
  readonly access: Access;
  /** The rules that go with it. */
  readonly lost: readonly Rule[];
  readonly onClose: () => void;
  readonly onRemoved: () => void;
}

function RemoveAccess({ userId, access, lost, onClose, onRemoved }: RemoveAccessProps) {
  const { busy, error, run } = useAction();
  const remove = async () => {
    if ((await run(() => takeAccess(userId, access))).ok) onRemoved();
  };
  return (
    <Confirm
      title={t("access.remove_title", { client: access.name })}
      confirm={t("action.remove")}
      busy={busy}
      impact={lost.map((it) =>
        t("impact.rule", {
          id: it.id,
          client: it.client_name,
          port: formatPorts(it.listen_port, it.listen_port_end),
        })
      )}
      onClose={onClose}
      onConfirm={() => void remove()}
    >
      <p>{t(lost.length > 0 ? "access.remove_text" : "access.remove_nothing")}</p>
      {error !== null && <p class="alert" role="alert">{error}</p>}
    </Confirm>
  );
}

interface ClearUsageProps {
  readonly userId: string;
  readonly access: Access;
  readonly onClose: () => void;
  readonly onCleared: () => void;
}

function ClearUsage({ userId, access, onClose, onCleared }: ClearUsageProps) {
  const { busy, error, run } = useAction();
  const client_id = access.quota?.client_id ?? "";
  const clear = async () => {
    const result = await run(() =>
      call("PATCH /v1/users/{user_id}/quotas/{client_id}", {
        path: { user_id: userId, client_id },
        body: { clear_period_usage: true },
      })
    );
    if (!result.ok) return;
    toast("good", t("quota.cleared", { client: access.name }));
    onCleared();
  };
  return (
    <Confirm
      title={t("quota.clear_title", { client: access.name })}
      confirm={t("quota.clear")}
      busy={busy}
      onClose={onClose}
      onConfirm={() => void clear()}
    >
      <p>{t("quota.clear_text")}</p>
      {error !== null && <p class="alert" role="alert">{error}</p>}
    </Confirm>
  );
}
