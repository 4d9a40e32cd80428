import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { PublishStatus, Site } from "../api/types.ts";
import { currentUser, isSuperadmin } from "../app/session.ts";
import { useUrlState } from "../app/url_state.ts";
import { type Column, DataTable } from "../components/data_table.tsx";
import { Field } from "../components/field.tsx";
import { FormDialog } from "../components/form_dialog.tsx";
import { formatBytes } from "../components/format.ts";
import { Check } from "../components/inputs.tsx";
import { Empty, ErrorState, Loading } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";
import { CertificateBadge } from "./certificate_state.tsx";
import { CERTIFICATE_TIMEOUT } from "./tunnel_form.ts";

/** Folders of files that this server serves, once it is set up. */
export function Sites({ status }: { readonly status: PublishStatus }) {
  if (status.status !== "COMPLETED") {
    return (
      <Empty title={t("publish.not_ready")} text={t("publish.not_ready_text")}>
        {isSuperadmin() && (
          <a class="button primary" href="/publish?tab=setup">{t("publish.setup")}</a>
        )}
      </Empty>
    );
  }
  return <SiteList domain={status.domain} />;
}

function SiteList({ domain }: { readonly domain: string | null }) {
  const { query, set } = useUrlState();
  const { route } = useLocation();
  const [creating, setCreating] = useState(false);
  const { data, error, reload } = useQuery("GET /v1/sites", {}, { everyMs: 15_000 });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  const create = isSuperadmin() && (
    <button
      type="button"
      class="button primary"
      onClick={() => setCreating(true)}
    >
      {t("site.create")}
    </button>
  );
  return (
    <>
      {data.length === 0 ? <Empty title={t("site.none")}>{create}</Empty> : (
        <>
          <div class="toolbar">{create}</div>
          <DataTable
            label={t("publish.sites")}
            rows={data}
            columns={columns()}
            keyOf={(it) => it.id}
            sort={query["sort"] ?? ""}
            onSort={(sort) => set({ sort })}
          />
        </>
      )}
      {creating && (
        <NewSite
          domain={domain}
          onClose={() => setCreating(false)}
          onCreated={(site) => route(`/publish/sites/${site.id}`)}
        />
      )}
    </>
  );
}

function columns(): Column<Site>[] {
  return [
    {
      id: "host",
      title: t("column.host"),
      width: "minmax(12rem, 1.6fr)",
      cell: (it) => <a href={`/publish/sites/${it.id}`}>{it.fqdn}</a>,
      sortBy: (it) => it.fqdn,
    },
    {
      id: "owner",
      title: t("column.owner"),
      width: "minmax(7rem, 1fr)",
      cell: (it) => it.owner ?? "—",
      sortBy: (it) => it.owner ?? "",
    },
    {
      id: "size",
      title: t("files.size"),
      width: "8rem",
      cell: (it) => formatBytes(it.total_size),
      sortBy: (it) => it.total_size,
    },
    {
      id: "protected",
      title: t("tunnel.access"),
      width: "9rem",
      cell: (it) => t(gateOf(it)),
      sortBy: (it) => gateOf(it),
    },
    {
      id: "cert",
      title: t("column.certificate"),
      width: "9rem",
      cell: (it) => <CertificateBadge cert={it.cert} />,
      sortBy: (it) => it.cert.not_after ?? "",
    },
  ];
}

/** Whom a site lets in: without users, any account. */
function gateOf({ protected: isProtected, allowed_users: users }: Site) {
  if (!isProtected) return "gate.public";
  return users.length === 0 ? "gate.authenticated" : "gate.restricted";
}

interface NewSiteProps {
  readonly domain: string | null;
  readonly onClose: () => void;
  readonly onCreated: (site: Site) => void;
}

function NewSite({ domain, onClose, onCreated }: NewSiteProps) {
  const [name, setName] = useState("");
  const [customDomain, setCustomDomain] = useState("");
  const [owner, setOwner] = useState(currentUser().user_id);
  const [spa, setSpa] = useState(false);
  const { busy, error, refuse, run } = useAction();
  const submit = async () => {
    if (name.trim() === "") return refuse(t("site.name_required"));
    const body = {
      name: name.trim(),
      owner: owner.trim(),
      spa_mode: spa,
      ...(customDomain.trim() === "" ? {} : { custom_domain: customDomain.trim() }),
    };
    const result = await run(() => call("POST /v1/sites", { body }, CERTIFICATE_TIMEOUT));
    void invalidate("/v1/sites");
    if (result.ok) onCreated(result.value);
  };
  return (
    <FormDialog
      title={t("site.create")}
      onClose={onClose}
      onSubmit={() => void submit()}
      submit={t("site.create")}
      busy={busy}
      error={error}
    >
      <Field
        label={t("label.name")}
        value={name}
        onInput={setName}
        hint={t("site.name_hint", { domain: domain ?? "" })}
        autoFocus
      />
      <Field
        label={t("site.custom_domain")}
        value={customDomain}
        onInput={setCustomDomain}
        hint={t("site.custom_domain_hint")}
      />
      <Field
        label={t("column.owner")}
        value={owner}
        onInput={setOwner}
        hint={t("site.owner_hint")}
      />
      <Check label={t("site.spa")} checked={spa} onChange={setSpa} hint={t("site.spa_hint")} />
      {busy && <p class="muted" role="status">{t("tunnel.certificate_takes")}</p>}
    </FormDialog>
  );
}
