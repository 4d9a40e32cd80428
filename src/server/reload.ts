/**
 * SIGHUP: takes over what can change while a server runs (limits, TLS files), or nothing.
 *
 * @module
 */

import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { sans } from "../wire/certificate.ts";
import type { ControlServer } from "../wire/control_server.ts";
import type { TlsMaterial } from "../wire/tls_material.ts";
import type { ServerConfig } from "./config.ts";
import type { HttpServer } from "./http_server.ts";

/** The configuration in force. A reload replaces it as a whole. */
export interface LiveConfig {
  config: ServerConfig;
}

/** What enrollment tells clients; a reload replaces the certificate's part. */
export interface LiveIdentity {
  fingerprint: string;
  sans: ReturnType<typeof sans>;
}

export interface ReloadOptions {
  readonly live: LiveConfig;
  readonly identity: LiveIdentity;
  readonly grpc: Pick<ControlServer, "useCertificate">;
  readonly http: Pick<HttpServer, "useCertificate">;
  /** Reads and checks the configuration anew. */
  readonly readConfig: () => Promise<ServerConfig>;
  /** Loads the certificate and key that a configuration names. */
  readonly loadTls: (config: ServerConfig) => Promise<TlsMaterial>;
  /** The same for the operator API, where that speaks HTTPS. */
  readonly loadOperatorTls: (config: ServerConfig) => Promise<TlsMaterial | undefined>;
  readonly logger: Logger;
  /** Hears of the configuration when it is in force. */
  readonly configured?: (config: ServerConfig) => void;
}

/** Settings that were acted on at the start; a change of them waits for the next one. */
const BOUND = ["controlListen", "operatorHttpListen", "metricsListen", "backend"] as const;

/** The limits among the settings of publishing are asked for when they are needed. */
const BOUND_OF_PUBLISH = [
  "httpListen",
  "httpsListen",
  "sitesDir",
  "certsDir",
  "acmeDirectory",
  "acmeCaPath",
  "dnsServer",
] as const;

/** What of `next` waits for a restart; the paths of certificates do not, having some does. */
function waitingFor(next: ServerConfig, live: ServerConfig): string[] {
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const bound: string[] = BOUND.filter((key) => differs(next[key], live[key]));
  if ((next.publish === null) !== (live.publish === null)) bound.push("publish");
  for (const key of next.publish === null ? [] : BOUND_OF_PUBLISH) {
    if (live.publish !== null && differs(next.publish?.[key], live.publish[key])) {
      bound.push(`publish.${key}`);
    }
  }
  const isSwitched = (next.operatorHttpTls === null) !== (live.operatorHttpTls === null);
  return isSwitched ? [...bound, "operatorHttpTls"] : bound;
}

/**
 * Reads everything first and applies it then: a mistake leaves the running configuration as it
 * is. One log line says how it went.
 */
export async function reload(options: ReloadOptions): Promise<void> {
  const { live, identity, grpc, readConfig, loadTls, logger } = options;
  try {
    const next = await readConfig();
    await Promise.all([Deno.stat(next.tlsCertPath), Deno.stat(next.tlsKeyPath)]);
    const tls = await loadTls(next);
    const operatorTls = await options.loadOperatorTls(next);
    const waiting = waitingFor(next, live.config);
    const rotated = tls.fingerprint !== identity.fingerprint;
    if (rotated) {
      grpc.useCertificate(tls);
      identity.fingerprint = tls.fingerprint;
      identity.sans = sans(tls.certPem);
    }
    if (operatorTls !== undefined) options.http.useCertificate(operatorTls);
    live.config = next;
    options.configured?.(next);
    logger.info("config.reloaded", {
      certificate_changed: rotated,
      needs_restart: waiting.length === 0 ? undefined : waiting.join(","),
    });
  } catch (error) {
    logger.error("config.reload_failed", { error: errorText(error) });
  }
}
