/**
 * Texts in the language of the reader; changing it changes what is shown at once.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { type Language, storedLanguage, storeLanguage } from "../app/preferences.ts";
import { en } from "./en.ts";
import { zhCn } from "./zh_cn.ts";

/** The name of a text. */
export type TextKey = keyof typeof en;

const TEXTS: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = {
  "en": en,
  "zh-CN": zhCn,
};

/** The language of the page. */
export const language = signal<Language>(storedLanguage());

/** Changes the language, here and for later visits. */
export function setLanguage(chosen: Language): void {
  storeLanguage(chosen);
  language.value = chosen;
}

/** The text of `key`, with `{name}` replaced by `values.name`. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return TEXTS[language.value][key].replaceAll(
    /\{(\w+)\}/g,
    (whole, name: string) => `${values[name] ?? whole}`,
  );
}
