/** Debian's Chromium, which the tests of the Web UI drive. */
export const CHROMIUM = "/usr/bin/chromium";
