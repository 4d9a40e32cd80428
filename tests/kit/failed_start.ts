import assert from "node:assert/strict";
import type { DatabaseKind } from "./databases.ts";
import type { Lab } from "./lab.ts";
import { freePort } from "./ports.ts";

/** Starts a server that ends by itself; returns its exit status and what it printed. */
export async function failedStart(lab: Lab, kind: DatabaseKind, url: string) {
  const http = `127.0.0.1:${freePort()}`;
  const { process } = await lab.launchServer({
    config: {
      control_listen: `127.0.0.1:${freePort()}`,
      operator_http_listen: http,
      metrics_listen: `127.0.0.1:${freePort()}`,
      [`backend.${kind}.url`]: url,
      [`backend.${kind}.startupTimeout`]: "10s",
    },
    env: { DB_PASSWORD: "sesame" },
  });
  const listening = process.event("server.listening").then(() => null);
  const status = await Promise.race([process.status, listening]);
  const log = process.transcript();
  assert.ok(!log.includes("server.listening") && !log.includes("sesame"), log);
  return { status, log };
}
