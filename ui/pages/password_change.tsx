import { loadSession, logOut } from "../app/session.ts";
import { Front } from "../components/front.tsx";
import { NewPassword } from "../components/new_password.tsx";
import { t } from "../i18n/i18n.ts";

/** All that whoever has to change their password may do. */
export default function PasswordChange() {
  return (
    <Front title={t("password.change")}>
      <p class="muted">{t("password.why")}</p>
      <NewPassword onChanged={() => void loadSession()} />
      <button type="button" class="button" onClick={() => void logOut()}>
        {t("shell.sign_out")}
      </button>
    </Front>
  );
}
