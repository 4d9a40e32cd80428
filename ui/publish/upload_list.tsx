import { formatBytes } from "../components/format.ts";
import { t } from "../i18n/i18n.ts";
import { totalsOf, type Upload, type Uploads } from "./uploads.ts";

/** More files than this are counted, not listed; those that failed are always listed. */
const LISTED_MAX = 12;

/** How far the uploads of this tab are. */
export function UploadList({ uploads: { list, cancel } }: { readonly uploads: Uploads }) {
  if (list.length === 0) return null;
  const { files, done, failed, share, busy } = totalsOf(list);
  const listed = list.length <= LISTED_MAX ? list : list.filter(({ state }) => isLoud(state));
  return (
    <div class="stack" role="status">
      <label>
        {t("files.progress", { done, files })}
        {failed > 0 && <span class="bad-text">{t("files.failed", { failed })}</span>}
        <progress max={1} value={share} />
      </label>
      <ul class="tasks">
        {listed.map((it) => (
          <li key={it.path}>
            {it.path} <span class="muted">{formatBytes(it.size)} · {stateOf(it)}</span>
            {it.error !== null && <span class="bad-text lines">{it.error}</span>}
          </li>
        ))}
      </ul>
      {busy && (
        <div class="row">
          <button type="button" class="button" onClick={cancel}>{t("action.cancel")}</button>
        </div>
      )}
    </div>
  );
}

const isLoud = (state: Upload["state"]) => state === "sending" || state === "failed";

function stateOf({ state, sent, size }: Upload): string {
  if (state !== "sending") return t(`files.is_${state}`);
  return `${size === 0 ? 100 : Math.floor(100 * sent / size)} %`;
}
