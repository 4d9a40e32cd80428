import { Empty } from "../components/states.tsx";
import { t } from "../i18n/i18n.ts";

export default function NotFound() {
  return (
    <Empty title={t("not_found.title")}>
      <a class="button" href="/">{t("not_found.home")}</a>
    </Empty>
  );
}
