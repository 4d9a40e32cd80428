import { Empty } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";

/** What somebody sees whose role does not open the page; it does not say what the page is. */
export default function Denied() {
  return (
    <Empty title={t("denied.title")} text={t("denied.text")}>
      <a class="button" href="/">{t("not_found.home")}</a>
    </Empty>
  );
}
