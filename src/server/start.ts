/**
 * Puts a server together: store, identity, control plane, listeners, in the order of spec
 * `config-and-deploy.md` §4, so that nothing is bound before everything it needs is there.
 *
 * @module
 */

import { ulid } from "ulid";
import { createApi } from "../api/app.ts";
import { AuditRetention } from "../audit/retention.ts";
import { AuditTrail, type AuditTrailOptions } from "../audit/trail.ts";
import { type OpenAccounts, openAccounts } from "../backend/accounts.ts";
import { formatSocketAddress, type SocketAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { seedHost } from "../core/endpoint.ts";
import { TLS_FILES } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { prepareFirstStart } from "../identity/first_start.ts";
import { AuditRepository } from "../store/audit.ts";
import { checkFilesystem } from "../store/filesystem.ts";
import { openStore, type Store } from "../store/open.ts";
import { storePaths } from "../store/paths.ts";
import type { Random } from "../system/random.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { sans } from "../wire/certificate.ts";
import { startControlServer } from "../wire/control_server.ts";
import { checkTlsFiles, loadTlsMaterial, type TlsMaterial } from "../wire/tls_material.ts";
import type { ServerConfig } from "./config.ts";
import { serveHttp, serveMetrics } from "./http_listeners.ts";
import { createOperatorServices } from "./operator_services.ts";
import { watchFiles } from "./file_watch.ts";
import { Listeners } from "./listeners.ts";
import { observeAccounts, startPublishing } from "./publishing.ts";
import { reload } from "./reload.ts";
import { createServices } from "./services.ts";
import { loadUiAssets } from "./ui_assets.ts";

export interface StartOptions {
  /** Reads and checks the configuration; called once at start, and for every reload. */
  readonly readConfig: () => Promise<ServerConfig>;
  readonly dataDir: string;
  /** `host:port` that clients shall dial, from flag or environment. */
  readonly seed: string | null;
  readonly hostname: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Shows a new onboarding setup token to whoever started the server. */
  readonly printSetupToken: (token: string) => void;
  /** Hears of every configuration that comes into force. */
  readonly configured?: (config: ServerConfig) => void;
}

/** A server that listens. */
export interface RunningServer {
  readonly grpc: SocketAddress;
  readonly operatorHttp: SocketAddress;
  readonly metrics: SocketAddress;
  /** Takes over what changed in the configuration and the TLS files; see {@linkcode reload}. */
  reload(): Promise<void>;
  /** Ends all sessions and listeners, waits a bounded time for what is under way, closes the store. */
  stop(): Promise<void>;
}

/**
 * Starts a server. A start that fails half way releases everything it took.
 *
 * @throws {PortunusError} `config_invalid`, `unsupported_filesystem`, the codes of `openStore`, `tls_material`
 * @throws what the system says when an address cannot be bound
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { dataDir, clock, logger } = options;
  await using cleanup = new AsyncDisposableStack();
  const config = await options.readConfig();
  const live = { config };
  options.configured?.(config);
  checkFilesystem(dataDir);
  await warnOfLegacyFiles(dataDir, logger);
  const metrics = new Metrics();
  const store = cleanup.use(openMeasuredStore(options, metrics));
  const tls = await loadTls(options, config);
  const operatorTls = await loadOperatorTls(config);
  const opened = observeAccounts(cleanup.use(await startAccounts(options, store, config)));

  const auditing = startAudit(cleanup, { store, clock, logger, metrics });
  // Which port the listener gets is known only once it is bound, and it needs the services for that.
  const identity = {
    fingerprint: tls.fingerprint,
    sans: sans(tls.certPem),
    seed: options.seed,
    controlPort: config.controlListen.port,
  };
  const services = createServices(cleanup, { ...options, live, store, identity, metrics });
  const listeners = cleanup.use(new Listeners(() => live.config.stopGraceMs));
  const grpc = listeners.add(startControl(options, { config, tls, services, metrics }));
  identity.controlPort = grpc.address.port;
  const shared = { ...options, ...services, ...auditing, opened, live, store, metrics };
  const operators = createOperatorServices(cleanup, shared);
  const publish = await startPublishing(cleanup, {
    ...shared,
    ...operators,
    anchor: opened.accounts.anchor,
  });
  const { app } = createApi({
    ...shared,
    ...operators,
    publish,
    newId: ulid,
    ui: loadUiAssets(),
    checkStore: () => void store.schemaVersion(),
    backend: opened.probe,
  });
  const http = listeners.add(
    serveHttp(app, { listen: config.operatorHttpListen, clock, logger, tls: operatorTls }),
  );
  const scrape = listeners.add(
    serveMetrics({ ...options, ...services, metrics, listen: config.metricsListen }),
  );
  cleanup.defer(() => services.registry.disconnectAll());
  cleanup.use(services.streams);

  const addresses = { grpc: grpc.address, operatorHttp: http.address, metrics: scrape.address };
  logListening(addresses, logger);
  const reloadConfig = () => {
    const load = { loadTls: (next: ServerConfig) => loadTls(options, next), loadOperatorTls };
    return reload({ ...options, ...load, live, identity, grpc, http });
  };
  cleanup.use(watchTlsFiles({ live, clock, changed: reloadConfig }));
  const running = cleanup.move();
  return {
    ...addresses,
    async reload() {
      await reloadConfig();
      await opened.shared?.sync();
      await publish?.reload();
    },
    stop: () => running.disposeAsync(),
  };
}

function startControl(
  { logger, clock }: StartOptions,
  { config, tls, services, metrics }: {
    readonly config: ServerConfig;
    readonly tls: TlsMaterial;
    readonly services: ReturnType<typeof createServices>;
    readonly metrics: Metrics;
  },
) {
  return startControlServer({
    listen: config.controlListen,
    tls,
    handlers: services.controlPlane,
    onAuthFailure: (reason) => metrics.authFailure(reason),
    logger,
    clock,
  });
}

/** Whoever renews a certificate may send SIGHUP, and need not. */
function watchTlsFiles(
  { live, clock, changed }: {
    readonly live: { readonly config: ServerConfig };
    readonly clock: Clock;
    readonly changed: () => Promise<void>;
  },
): Disposable {
  return watchFiles({
    paths() {
      const { tlsCertPath, tlsKeyPath, operatorHttpTls } = live.config;
      return [tlsCertPath, tlsKeyPath, ...Object.values(operatorHttpTls ?? {})];
    },
    intervalMs: TLS_FILES.checkIntervalMs,
    clock,
    changed,
  });
}

async function loadOperatorTls(
  { operatorHttpTls }: ServerConfig,
): Promise<TlsMaterial | undefined> {
  return operatorHttpTls === null ? undefined : await checkTlsFiles(operatorHttpTls);
}

/** Opens the accounts, and sees to it that there is a way to the first one. */
async function startAccounts(
  options: StartOptions,
  store: Store,
  { backend, operatorToken }: ServerConfig,
): Promise<OpenAccounts> {
  await using cleanup = new AsyncDisposableStack();
  const opened = cleanup.use(await openAccounts({ ...options, store, backend }));
  await prepareFirstStart({
    ...options,
    ...opened.accounts,
    newId: ulid,
    operatorToken,
    path: storePaths(options.dataDir).database,
  });
  cleanup.move();
  return opened;
}

type Addresses = Pick<RunningServer, "grpc" | "operatorHttp" | "metrics">;

function logListening({ grpc, operatorHttp, metrics }: Addresses, logger: Logger): void {
  logger.info("server.listening", {
    grpc: formatSocketAddress(grpc),
    operator_http: formatSocketAddress(operatorHttp),
    metrics: formatSocketAddress(metrics),
  });
}

function openMeasuredStore({ dataDir, logger, clock }: StartOptions, metrics: Metrics) {
  return openStore({ dataDir, logger, clock, onBusy: () => metrics.storeBusy() });
}

/** The audit trail, which takes entries and clears old ones away until `stack` is disposed of. */
function startAudit(
  stack: AsyncDisposableStack,
  options: Omit<AuditTrailOptions, "audit"> & { readonly store: Store },
) {
  const audit = new AuditRepository(options.store, options.clock);
  stack.use(new AuditRetention({ ...options, audit }));
  return { audit, trail: stack.use(new AuditTrail({ ...options, audit })) };
}

function loadTls(options: StartOptions, config: ServerConfig): Promise<TlsMaterial> {
  const { seed, hostname, clock, random, logger } = options;
  return loadTlsMaterial({
    certPath: config.tlsCertPath,
    keyPath: config.tlsKeyPath,
    advertisedHost: seed === null ? null : seedHost(seed),
    hostname,
    clock,
    random,
    logger,
  });
}

/** State files of releases before the database; they were never migrated and are not read. */
const LEGACY_FILES = ["tokens.json", "identity.json", "rules.json"];

async function warnOfLegacyFiles(dataDir: string, logger: Logger): Promise<void> {
  for (const name of LEGACY_FILES) {
    const path = `${dataDir}/${name}`;
    const found = await Deno.stat(path).catch(() => null);
    if (found === null) continue;
    logger.warn("startup.legacy_persistence_file_ignored", {
      path,
      hint: "the store is state.db; this file is not read",
    });
  }
}
