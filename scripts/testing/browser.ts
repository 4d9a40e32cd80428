/** Debian's Chromium, which the tests of the Web UI drive. */
export const CHROMIUM = "/usr/bin/chromium";

/** A small font with Chinese in it, for the pictures that the tests take; 1.6 MB to bring. */
export const CHINESE_FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc";

/** Set by the test command when `ui/dist` is what the sources say. */
export const UI_BUILT_VARIABLE = "PORTUNUS_TEST_UI_BUILT";
