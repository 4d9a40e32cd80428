/**
 * What is shown in place of a page that cannot be.
 *
 * @module
 */

import { t } from "../i18n/i18n.ts";

interface BrokenProps {
  readonly title: string;
  readonly text: string;
}

function Broken({ title, text }: BrokenProps) {
  return (
    <div class="state" role="alert">
      <h1>{title}</h1>
      <p class="muted">{text}</p>
      <button type="button" class="button primary" onClick={() => location.reload()}>
        {t("action.reload")}
      </button>
    </div>
  );
}

/** A page whose script did not come. */
export function PageMissing() {
  return <Broken title={t("page_missing.title")} text={t("page_missing.text")} />;
}

/** A page that failed while it was drawn. */
export function Crash() {
  return <Broken title={t("crash.title")} text={t("crash.text")} />;
}
