/**
 * What the browser remembers of its user: theme and language, and nothing else.
 *
 * @module
 */

export type Theme = "light" | "dark" | "system";
export type Language = "en" | "zh-CN";

const THEME_KEY = "portunus.theme";
const LANGUAGE_KEY = "portunus.lang";

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing starts with the defaults.
  }
}

export function storedTheme(): Theme {
  const theme = stored(THEME_KEY);
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function storeTheme(theme: Theme): void {
  store(THEME_KEY, theme);
  applyTheme();
}

/** The chosen language, else the browser's if there is a translation, else English. */
export function storedLanguage(): Language {
  const language = stored(LANGUAGE_KEY);
  if (language === "en" || language === "zh-CN") return language;
  return navigator.languages.some((it) => it.toLowerCase().startsWith("zh")) ? "zh-CN" : "en";
}

export function storeLanguage(language: Language): void {
  store(LANGUAGE_KEY, language);
  applyLanguage();
}

const systemIsDark = () => matchMedia("(prefers-color-scheme: dark)");

/** Shows the page in the stored theme. */
export function applyTheme(): void {
  const theme = storedTheme();
  const dark = theme === "dark" || (theme === "system" && systemIsDark().matches);
  document.documentElement.classList.toggle("dark", dark);
}

/** Follows the system's theme from now on, for those who chose to. */
export function followSystemTheme(): void {
  systemIsDark().addEventListener("change", applyTheme);
}

/** Tells browsers and screen readers the language of the page. */
export function applyLanguage(): void {
  document.documentElement.lang = storedLanguage();
}
