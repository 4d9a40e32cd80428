import { language, setLanguage, t } from "../i18n/i18n.ts";
import { placesOf } from "./places.ts";
import { storeTheme } from "./preferences.ts";
import { logOut, type Me } from "./session.ts";
import { overlay } from "./shortcuts.ts";

/** One line of the command palette. */
export interface Entry {
  /** What it is, for people. */
  readonly kind: string;
  readonly label: string;
  readonly note: string;
  /** A path to go to, or what to do. */
  readonly then: string | (() => void);
}

/** The pages that are open to somebody. */
export function pagesOf(me: Me): readonly Entry[] {
  return placesOf(me).map(({ path, label }) => entry(t("palette.pages"), t(label), path));
}

/** What somebody may do from anywhere. */
export function actionsOf(me: Me): readonly Entry[] {
  const kind = t("palette.actions");
  const makes = [
    entry(kind, t("rules.push"), "/rules/new"),
    ...me.role !== "superadmin" ? [] : [
      entry(kind, t("clients.enroll"), "/clients/new"),
      entry(kind, t("users.create"), "/users/new"),
    ],
  ];
  return [
    ...makes,
    entry(kind, t("shell.account"), `/users/${me.user_id}`),
    ...appearance().map(({ label, onSelect }) => entry(kind, label, onSelect)),
    entry(kind, t("shortcuts.title"), () => void (overlay.value = "shortcuts")),
    entry(kind, t("shell.sign_out"), () => void logOut()),
  ];
}

/** The theme and the language that are not on. */
export function appearance(): readonly {
  readonly label: string;
  readonly onSelect: () => void;
}[] {
  const isDark = document.documentElement.classList.contains("dark");
  const isEnglish = language.value === "en";
  return [
    {
      label: t(isDark ? "shell.to_light" : "shell.to_dark"),
      onSelect: () => storeTheme(isDark ? "light" : "dark"),
    },
    {
      label: isEnglish ? "中文" : "English",
      onSelect: () => setLanguage(isEnglish ? "zh-CN" : "en"),
    },
  ];
}

const entry = (kind: string, label: string, then: Entry["then"]): Entry => ({
  kind,
  label,
  note: "",
  then,
});
