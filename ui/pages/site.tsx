import { useLocation, useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call, type Request } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { Site } from "../api/types.ts";
import { isSuperadmin } from "../app/session.ts";
import { Confirm } from "../components/dialog.tsx";
import { Field, Form } from "../components/field.tsx";
import { formatBytes } from "../components/format.ts";
import { Check } from "../components/inputs.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { toast } from "../components/toast.tsx";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";
import { CertificateFacts } from "../publish/certificate_state.tsx";
import { SiteFiles } from "../publish/site_files.tsx";
import { CERTIFICATE_TIMEOUT, userIds } from "../publish/tunnel_form.ts";

/** One site: its settings, and its files. */
export default function SitePage() {
  const { siteId = "" } = useRoute().params;
  const path = { site_id: siteId };
  const { data, error, reload } = useQuery("GET /v1/sites/{site_id}", { path });
  if (data === undefined) {
    return error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />;
  }
  return (
    <>
      <div class="page-head">
        <h1>{data.fqdn}</h1>
        {isSuperadmin() && <RemoveSite site={data} />}
      </div>
      <Facts site={data} />
      <SiteSettings site={data} />
      <SiteFiles site={data} />
    </>
  );
}

function Facts({ site }: { readonly site: Site }) {
  return (
    <section class="card">
      <dl class="facts">
        <dt>{t("column.host")}</dt>
        <dd>
          <a href={`https://${site.fqdn}/`} target="_blank" rel="noreferrer">
            https://{site.fqdn}/
          </a>
        </dd>
        <dt>{t("column.owner")}</dt>
        <dd>{site.owner ?? "—"}</dd>
        <dt>{t("files.size")}</dt>
        <dd>{formatBytes(site.total_size)}</dd>
        <dt>{t("column.certificate")}</dt>
        <dd>
          <CertificateFacts cert={site.cert} />
        </dd>
      </dl>
      {!site.dns_verified && isSuperadmin() && <VerifyDns site={site} />}
    </section>
  );
}

/** A name whose DNS is somebody else's is published once it leads here. */
function VerifyDns({ site }: { readonly site: Site }) {
  const [message, setMessage] = useState<string | null>(null);
  const { busy, error, run } = useAction();
  const check = async () => {
    const path = { site_id: site.id };
    const result = await run(() =>
      call("POST /v1/sites/{site_id}/verify-dns", { path }, CERTIFICATE_TIMEOUT)
    );
    if (result.ok) setMessage(result.value.message);
    await invalidate(`/v1/sites/${site.id}`);
  };
  return (
    <div class="stack">
      <p class="alert warn">{t("site.unverified")}</p>
      {message !== null && <p role="status">{message}</p>}
      {error !== null && <p class="alert" role="alert">{error}</p>}
      <div class="row">
        <button type="button" class="button" disabled={busy} onClick={() => void check()}>
          {busy ? t("state.working") : t("setup.check_dns")}
        </button>
      </div>
    </div>
  );
}

type Change = Request<"PATCH /v1/sites/{site_id}">["body"];

function SiteSettings({ site }: { readonly site: Site }) {
  const [spa, setSpa] = useState(site.spa_mode);
  const [isProtected, setProtected] = useState(site.protected);
  const [allowed, setAllowed] = useState(site.allowed_users.join(", "));
  const { busy, error, run } = useAction();
  const submit = async () => {
    const body: Change = {
      spa_mode: spa,
      ...(isSuperadmin()
        ? { protected: isProtected, allowed_users: isProtected ? userIds(allowed) : [] }
        : {}),
    };
    const result = await run(() =>
      call("PATCH /v1/sites/{site_id}", { path: { site_id: site.id }, body })
    );
    await invalidate(`/v1/sites/${site.id}`);
    void invalidate("/v1/sites");
    if (result.ok) toast("good", t("site.saved"));
  };
  return (
    <section class="card">
      <h2>{t("nav.settings")}</h2>
      <Form onSubmit={() => void submit()} submit={t("action.save")} busy={busy} error={error}>
        <Check label={t("site.spa")} checked={spa} onChange={setSpa} hint={t("site.spa_hint")} />
        {isSuperadmin() && (
          <Check
            label={t("site.protected")}
            checked={isProtected}
            onChange={setProtected}
            hint={t("site.protected_hint")}
          />
        )}
        {isSuperadmin() && isProtected && (
          <Field
            label={t("gate.users")}
            value={allowed}
            onInput={setAllowed}
            hint={t("site.users_hint")}
          />
        )}
      </Form>
    </section>
  );
}

function RemoveSite({ site }: { readonly site: Site }) {
  const { route } = useLocation();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    const result = await call("DELETE /v1/sites/{site_id}", { path: { site_id: site.id } });
    setBusy(false);
    if (!result.ok) return toast("bad", explain(result.error));
    void invalidate("/v1/sites");
    route("/publish?tab=sites");
  };
  return (
    <>
      <button type="button" class="button danger" onClick={() => setAsking(true)}>
        {t("action.remove")}
      </button>
      {asking && (
        <Confirm
          title={t("site.remove_title", { host: site.fqdn })}
          onClose={() => setAsking(false)}
          impact={[
            t("tunnel.impact_name", { host: site.fqdn }),
            t("site.impact_files", { size: formatBytes(site.total_size) }),
          ]}
          confirm={t("action.remove")}
          busy={busy}
          onConfirm={() => void remove()}
        >
          <p>{t("tunnel.remove_text")}</p>
        </Confirm>
      )}
    </>
  );
}
