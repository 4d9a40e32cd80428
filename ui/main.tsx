/**
 * The console of portunus-server.
 *
 * @module
 */

import { render } from "preact";
import { App } from "./app/app.tsx";
import { followSystemTheme } from "./app/preferences.ts";
import { loadSession } from "./app/session.ts";

const root = document.getElementById("root");
if (root) {
  followSystemTheme();
  render(<App />, root);
  void loadSession();
}
