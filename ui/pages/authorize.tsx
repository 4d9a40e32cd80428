import { useLocation } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import { call } from "../api/client.ts";
import { currentUser, logOut } from "../app/session.ts";
import { Front } from "../components/front.tsx";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";

/**
 * Sends whoever came from a protected host back there with a code. The server says where to: what
 * the address asks for is never followed by itself.
 */
export default function Authorize() {
  const { query } = useLocation();
  const { rd = "", state = "" } = query;
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    void call("POST /v1/publish/authorize", { body: { rd, state } }).then((result) => {
      if (result.ok) location.replace(result.value.location);
      else setError(explain(result.error));
    });
  }, [rd, state]);
  return (
    <Front title={t("authorize.title")}>
      {error === null ? <p role="status">{t("authorize.going")}</p> : (
        <>
          <p class="alert" role="alert">{error}</p>
          <p class="muted">{t("authorize.as", { user: currentUser().user_id })}</p>
          <button type="button" class="button" onClick={() => void logOut()}>
            {t("shell.sign_out")}
          </button>
        </>
      )}
    </Front>
  );
}
