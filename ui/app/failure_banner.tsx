import { useEffect } from "preact/hooks";
import { lastAnswerAt, lastFailure, refreshShown } from "../api/query.ts";
import { Age } from "../components/age.tsx";
import { Icon } from "../components/icon.tsx";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";

/** Younger answers are as current as polling makes them. */
const STALE_MS = 10_000;

/** Why what is shown is not current, until the server answers again. */
export function FailureBanner() {
  useEffect(() => {
    const onOnline = () => void refreshShown();
    addEventListener("online", onOnline);
    return () => removeEventListener("online", onOnline);
  }, []);
  const error = lastFailure.value;
  if (error === null) return null;
  const answeredAt = lastAnswerAt.value;
  return (
    <div class="banner bad" role="alert">
      <span class="lines">{explain(error)}</span>
      {answeredAt > 0 && (
        <span aria-live="off">
          <Age at={new Date(answeredAt).toISOString()} staleAfterMs={STALE_MS} />
        </span>
      )}
      <button type="button" class="button" onClick={() => void refreshShown()}>
        {t("action.retry")}
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={t("action.close")}
        onClick={() => lastFailure.value = null}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
