/**
 * Real servers whose accounts are in one database.
 *
 * @module
 */

import assert from "node:assert/strict";
import { databaseConfig, type DatabaseKind, openEmpty } from "./databases.ts";
import { HttpBrowser } from "./http_browser.ts";
import type { Lab, ServerHandle } from "./lab.ts";
import { freePort } from "./ports.ts";
import { PATIENCE_MS } from "./process.ts";

/** Of everybody who can sign in. */
export const PASSWORD = "correct horse battery";

/** What `[backend]` says beside `url`. */
export type SharedSettings = Readonly<Record<string, string | number>> & {
  readonly url: string;
  readonly maxUsers?: number;
};

/** A server whose accounts are in the database at `url`. */
export function sharedServer(
  lab: Lab,
  dir: string,
  kind: DatabaseKind,
  { url, maxUsers, ...settings }: SharedSettings,
) {
  const listen = () => `127.0.0.1:${freePort()}`;
  return lab.server({
    dir,
    env: { TEST_DATABASE_URL: url },
    config: {
      control_listen: listen(),
      operator_http_listen: listen(),
      metrics_listen: listen(),
      ...(maxUsers === undefined ? {} : { "backend.maxUsers": maxUsers }),
      [`backend.${kind}.url`]: "${TEST_DATABASE_URL}",
      [`backend.${kind}.timeout`]: "5s",
      ...Object.fromEntries(
        Object.entries(settings).map(([key, value]) => [`backend.${kind}.${key}`, value]),
      ),
    },
  });
}

/** Creates the administrator with the setup token that this server printed. */
export async function onboard(server: ServerHandle): Promise<void> {
  const line = await server.process.stderrLine("Portunus onboarding setup token:");
  using browser = new HttpBrowser(server.http);
  const { outcome } = await browser.request("POST", "/v1/auth/onboarding", {
    user_id: "admin",
    display_name: "Admin",
    password: PASSWORD,
    password_confirm: PASSWORD,
    setup_token: line.split(" ").at(-1),
  });
  assert.equal(outcome, "201");
}

/** Signs in; returns the status, and the code of an error. */
export async function login(
  browser: HttpBrowser,
  userId: string,
  password = PASSWORD,
): Promise<string> {
  const credentials = { user_id: userId, password };
  return (await browser.request("POST", "/v1/auth/login", credentials)).outcome;
}

/** Asks who is signed in; returns the status, and the code of an error. */
export const me = async (browser: HttpBrowser) =>
  (await browser.request("GET", "/v1/users/me")).outcome;

/** A token for a user, made by the administrator of that browser. */
export async function token(browser: HttpBrowser, userId: string): Promise<string> {
  const { json, outcome } = await browser.request("POST", `/v1/users/${userId}/credentials`, {});
  assert.equal(outcome, "201");
  return String(json["token"]);
}

/** Resolves when the server says that it can do its work, which it asks its database each time. */
export async function untilReady(http: string): Promise<void> {
  const giveUp = AbortSignal.timeout(PATIENCE_MS);
  while (true) {
    const response = await fetch(`http://${http}/readyz`, { signal: giveUp });
    await response.body?.cancel();
    if (response.ok) return;
  }
}

/** An empty database of accounts. */
export async function empty(kind: DatabaseKind, url: string): Promise<void> {
  (await openEmpty(databaseConfig(kind, url)))[Symbol.dispose]();
}
