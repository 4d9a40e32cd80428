import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate, useQuery } from "../api/query.ts";
import type { AdvertisedEndpoint } from "../api/types.ts";
import { Field, Form } from "../components/field.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";

const RESOURCE = "/v1/settings/advertised-endpoint";

/** Where new clients are told to connect to, for superadmins. */
export function ConnectAddress() {
  const { data, error, reload } = useQuery(`GET ${RESOURCE}`, {});
  return (
    <section class="card">
      <h2>{t("address.title")}</h2>
      <p class="muted">{t("address.text")}</p>
      {data === undefined
        ? (error === null ? <Loading /> : <ErrorState error={error} onRetry={reload} />)
        : (
          <>
            <dl class="facts">
              <dt>{t("address.effective")}</dt>
              <dd>
                <code>{data.effective ?? "—"}</code>{" "}
                {data.source !== null && <span class="badge">{t(`address.${data.source}`)}</span>}
              </dd>
            </dl>
            {data.diagnostic !== null && <p class="alert warn">{data.diagnostic}</p>}
            <Editor key={data.override ?? ""} current={data} />
          </>
        )}
    </section>
  );
}

function Editor({ current }: { readonly current: AdvertisedEndpoint }) {
  const [address, setAddress] = useState(current.override ?? "");
  const { busy, error, run } = useAction();
  const save = async (text: string) => {
    const body = { advertised_endpoint: text.trim() === "" ? null : text.trim() };
    const saved = await run(() => call(`PUT ${RESOURCE}`, { body }));
    if (!saved.ok) return;
    await invalidate(RESOURCE);
    toast("good", t("address.saved"));
  };
  return (
    <>
      <Form
        onSubmit={() => void save(address)}
        submit={t("action.save")}
        busy={busy}
        error={error}
      >
        <Field
          label={t("address.override")}
          value={address}
          onInput={setAddress}
          hint={t("address.hint")}
        />
      </Form>
      {current.override !== null && (
        <button
          type="button"
          class="link"
          disabled={busy}
          onClick={() => void save("")}
        >
          {t("address.clear")}
        </button>
      )}
    </>
  );
}
