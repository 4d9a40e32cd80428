import { useState } from "preact/hooks";
import { storedTheme, storeTheme, type Theme } from "../app/preferences.ts";
import { NewPassword } from "../components/new_password.tsx";
import { toast } from "../components/toast.tsx";
import { language, setLanguage, t } from "../i18n/i18n.ts";

const THEMES = ["light", "dark", "system"] as const satisfies readonly Theme[];
const LANGUAGES = { "en": "English", "zh-CN": "中文" } as const;

export default function Settings() {
  const [theme, setTheme] = useState<Theme>(storedTheme());
  const [changes, setChanges] = useState(0);
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
      <section class="card">
        <h2>{t("password.change")}</h2>
        <NewPassword
          key={changes}
          onChanged={() => {
            setChanges(changes + 1);
            toast("good", t("password.changed"));
          }}
        />
      </section>
    </>
  );
}
