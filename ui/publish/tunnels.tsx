import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import type { Tunnel } from "../api/types.ts";
import { useUrlState } from "../app/url_state.ts";
import { type Column, DataTable } from "../components/data_table.tsx";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { CertificateBadge } from "./certificate_state.tsx";
import { EditTunnel, RemoveTunnel, TunnelDetails } from "./tunnel_dialogs.tsx";
import { NewTunnel } from "./tunnel_new.tsx";
import { TunnelState } from "./tunnel_state.tsx";

type Opened =
  | { readonly kind: "new" }
  | { readonly kind: "details" | "edit" | "remove"; readonly tunnel: Tunnel };

/** Host names that lead to services behind clients. */
export function Tunnels({ domain }: { readonly domain: string | null }) {
  const { query, set } = useUrlState();
  const [opened, setOpened] = useState<Opened | null>(null);
  const { data, error, reload } = useQuery("GET /v1/tunnels", {}, { everyMs: 5_000 });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const close = () => setOpened(null);
  const create = (
    <button
      type="button"
      class="button primary"
      onClick={() => setOpened({ kind: "new" })}
    >
      {t("tunnel.create")}
    </button>
  );
  return (
    <>
      {data.length === 0
        ? <Empty title={t("tunnel.none")} text={t("tunnel.none_text")}>{create}</Empty>
        : (
          <>
            <div class="toolbar">{create}</div>
            <DataTable
              label={t("publish.hosts")}
              rows={data}
              columns={columns(setOpened)}
              keyOf={(it) => it.id}
              sort={query["sort"] ?? ""}
              onSort={(sort) => set({ sort })}
            />
          </>
        )}
      {opened && <Opening opened={opened} domain={domain} onClose={close} onOpen={setOpened} />}
    </>
  );
}

interface OpeningProps {
  readonly opened: Opened;
  readonly domain: string | null;
  readonly onClose: () => void;
  readonly onOpen: (opened: Opened) => void;
}

function Opening({ opened, domain, onClose, onOpen }: OpeningProps) {
  switch (opened.kind) {
    case "new":
      return (
        <NewTunnel
          domain={domain}
          onClose={onClose}
          onCreated={(tunnel) => onOpen({ kind: "details", tunnel })}
        />
      );
    case "details":
      return (
        <TunnelDetails
          tunnel={opened.tunnel}
          onClose={onClose}
          onEdit={() => onOpen({ kind: "edit", tunnel: opened.tunnel })}
          onRemove={() => onOpen({ kind: "remove", tunnel: opened.tunnel })}
        />
      );
    case "edit":
      return <EditTunnel tunnel={opened.tunnel} onClose={onClose} />;
    case "remove":
      return <RemoveTunnel tunnel={opened.tunnel} onClose={onClose} />;
    default:
      return opened satisfies never;
  }
}

function columns(open: (opened: Opened) => void): Column<Tunnel>[] {
  return [
    {
      id: "host",
      title: t("column.host"),
      width: "minmax(12rem, 1.6fr)",
      cell: (tunnel) => (
        <button
          type="button"
          class="link"
          onClick={() => open({ kind: "details", tunnel })}
        >
          {tunnel.fqdn}
        </button>
      ),
      sortBy: (it) => it.fqdn,
    },
    {
      id: "client",
      title: t("column.client"),
      width: "minmax(7rem, 1fr)",
      cell: (it) => it.client_name ?? it.client_id,
      sortBy: (it) => it.client_name ?? "",
    },
    {
      id: "target",
      title: t("column.target"),
      width: "minmax(9rem, 1.2fr)",
      cell: (it) => it.target,
    },
    {
      id: "access",
      title: t("tunnel.access"),
      width: "9rem",
      cell: (it) => it.access === null ? <Muted>—</Muted> : t(`gate.${it.access}`),
      sortBy: (it) => it.access ?? "",
    },
    {
      id: "cert",
      title: t("column.certificate"),
      width: "9rem",
      cell: (it) => <CertificateBadge cert={it.cert} />,
      sortBy: (it) => it.cert?.not_after ?? "",
    },
    {
      id: "state",
      title: t("column.state"),
      width: "8rem",
      cell: (it) => <TunnelState tunnel={it} />,
      sortBy: (it) => it.state.kind,
    },
  ];
}

function Muted({ children }: { readonly children: ComponentChildren }) {
  return <span class="muted">{children}</span>;
}
