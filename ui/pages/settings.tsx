import { useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import { isSuperadmin } from "../app/session.ts";
import { storedTheme, storeTheme, type Theme } from "../app/preferences.ts";
import { OwnPassword } from "../components/own_password.tsx";
import { language, setLanguage, t } from "../i18n/i18n.ts";
import { AccountsBackend } from "./accounts_backend.tsx";
import { ConnectAddress } from "./connect_address.tsx";
import { SecondFactor } from "./second_factor.tsx";

const THEMES = ["light", "dark", "system"] as const satisfies readonly Theme[];
const LANGUAGES = { "en": "English", "zh-CN": "中文" } as const;

export default function Settings() {
  const [theme, setTheme] = useState<Theme>(storedTheme());
  return (
    <>
      <h1>{t("nav.settings")}</h1>
      <section class="card">
        <h2>{t("settings.appearance")}</h2>
        <div class="segments" role="group" aria-label={t("settings.appearance")}>
          {THEMES.map((it) => (
            <button
              key={it}
              type="button"
              aria-pressed={it === theme}
              onClick={() => {
                storeTheme(it);
                setTheme(it);
              }}
            >
              {t(`theme.${it}`)}
            </button>
          ))}
        </div>
        <div class="segments" role="group" aria-label={t("settings.language")}>
          {(["en", "zh-CN"] as const).map((it) => (
            <button
              key={it}
              type="button"
              lang={it}
              aria-pressed={it === language.value}
              onClick={() => setLanguage(it)}
            >
              {LANGUAGES[it]}
            </button>
          ))}
        </div>
      </section>
      <OwnPassword />
      <SecondFactor />
      {isSuperadmin() && <ConnectAddress />}
      {isSuperadmin() && <AccountsBackend />}
      <Version />
    </>
  );
}

function Version() {
  const { data } = useQuery("GET /v1/version", {});
  return <p class="muted">Portunus {data?.version}</p>;
}
