/**
 * What has to happen before the first paint: theme and language. A script of its own, because the
 * page's policy forbids inline ones and modules run too late.
 *
 * @module
 */

import { applyLanguage, applyTheme } from "./app/preferences.ts";

applyTheme();
applyLanguage();
