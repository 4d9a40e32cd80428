/**
 * `portunus-client standalone`, with the real clock, sockets, files and signals put in.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { STANDALONE } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { createForwarder } from "../forward/engine.ts";
import type { Heir, Predecessor } from "../forward/predecessor.ts";
import { SuccessionError } from "../forward/succession_message.ts";
import { systemClock } from "../system/clock.ts";
import { ServiceManager } from "../system/service_manager.ts";
import { onShutdown } from "../system/shutdown.ts";
import { onSignal, type ProcessIo } from "../system/process_io.ts";
import { type ConfigOverrides, parseConfig, type StandaloneConfig } from "./config.ts";
import { ConfigError } from "../rulefile/problems.ts";
import { watchConfig } from "./config_watch.ts";
import { standaloneLogger } from "./log_output.ts";
import { descriptorLimits, processFacts } from "./process_facts.ts";
import type { RuleFailure } from "./rule_set.ts";
import { StandaloneService } from "./service.ts";
import { defaultSocketPath } from "./socket_path.ts";
import { openStatsSocket, type StatsSocket } from "./stats_socket.ts";
import {
  defaultSuccessionPath,
  environmentOf,
  handOver,
  inheritPlace,
  offerPlace,
  type PlaceOptions,
} from "./succession.ts";

export interface StandaloneOptions extends ConfigOverrides {
  readonly configPath: string;
  readonly check: boolean;
  /** In the file's place. */
  readonly logLevel: string | undefined;
  readonly logFormat: string | undefined;
  /** Takes the place of the client that runs by the file, which drains and ends. */
  readonly takeOver: boolean;
  /** Where the two meet. */
  readonly successionPath: string | undefined;
}

const CONFIG_EXIT = 2;
const START_EXIT = 1;

/** Checks the file, or forwards by it until SIGINT or SIGTERM. Returns the exit status. */
export async function runStandalone(options: StandaloneOptions, io: ProcessIo): Promise<number> {
  const file = new ConfigFile(options);
  try {
    const config = await file.read();
    if (!options.check) return await forward(config, file, { options, io });
    io.out("ok");
    return 0;
  } catch (error) {
    return report(error, { options, io });
  }
}

/** The file, and what it said when it was read last. */
class ConfigFile {
  readonly #options: StandaloneOptions;
  #text = "";

  constructor(options: StandaloneOptions) {
    this.#options = options;
  }

  async read(): Promise<StandaloneConfig> {
    this.#text = await Deno.readTextFile(this.#options.configPath);
    const config = parseConfig(this.#text, this.#options);
    const { logLevel = config.logLevel, logFormat = config.logFormat } = this.#options;
    return { ...config, logLevel, logFormat };
  }

  /** Whether it says something else now, or cannot be read. */
  async isChanged(): Promise<boolean> {
    const text = await Deno.readTextFile(this.#options.configPath).catch(() => null);
    return text !== this.#text;
  }
}

/** Says what is wrong with the file. */
function report(
  error: unknown,
  { options, io }: { readonly options: StandaloneOptions; readonly io: ProcessIo },
): number {
  const { configPath, check } = options;
  if (!(error instanceof ConfigError)) {
    if (!(error instanceof Error) || !isFileError(error)) throw error;
    io.err(`error: io error: ${configPath}: ${error.message}`);
    return CONFIG_EXIT;
  }
  io.err(`error: ${error.describe(configPath)}`);
  if (check || !error.onlyValues) return CONFIG_EXIT;
  const { logger } = standaloneLogger({
    settings: { logLevel: options.logLevel ?? "warn", logFormat: options.logFormat ?? "json" },
    sink: io.err,
    clock: systemClock,
  });
  logger.error("standalone.rules_iter_failed", { error: error.message });
  return START_EXIT;
}

/** Errors of the file system have a code, or are Deno's own. */
const isFileError = (error: Error): boolean =>
  "code" in error || Object.values(Deno.errors).some((kind) => error instanceof kind) ||
  error instanceof TypeError;

async function forward(
  config: StandaloneConfig,
  file: ConfigFile,
  { options, io }: { readonly options: StandaloneOptions; readonly io: ProcessIo },
): Promise<number> {
  const clock = systemClock;
  const { logger, configure } = standaloneLogger({ settings: config, sink: io.err, clock });
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  using _stop = onShutdown({ logger, stop });
  logDescriptorLimits(logger);
  await using forwarder = createForwarder({
    clock,
    logger: logger.child("portunus_forwarder"),
    env: io.env,
    workers: config.workers,
  });
  const service = new StandaloneService({
    config,
    forwarder,
    clock,
    logger,
    load: () => file.read(),
    configured: configure,
    facts: processFacts,
  });
  const path = options.successionPath ?? defaultSuccessionPath(socketPath(config, io));
  const placeOptions = { path, configPath: options.configPath, forwarder, clock, logger };
  const start = await startRules(service, placeOptions, { options, io });
  if (start === null) return START_EXIT;
  const env = (name: string) => start.environment[name] ?? io.env(name);
  using manager = new ServiceManager({ env, pid: Deno.pid, clock, logger });
  const open = () => offerPlace({ ...placeOptions, manager });
  const heir = await serve(service, { options, io, file, clock, logger, manager, stopped, open });
  const { drainMs } = service.config;
  if (heir === null) await forwarder.shutdown(drainMs);
  else await handOver(heir, { forwarder, logger, drainMs });
  logger.info("standalone.stopped");
  return 0;
}

/** Opens the rules, in the place of another client if that was asked for; `null` when reported. */
async function startRules(
  service: StandaloneService,
  place: PlaceOptions,
  { options, io }: { readonly options: StandaloneOptions; readonly io: ProcessIo },
): Promise<{ readonly environment: Readonly<Record<string, string>> } | null> {
  const { forwarder, logger } = place;
  try {
    using inheritance = options.takeOver ? await inheritPlace(place) : null;
    const failures = await service.start();
    if (failures.length > 0) {
      io.err(bindErrors(failures));
      if (inheritance !== null) await forwarder.retire(service.config.drainMs).drained;
      return null;
    }
    if (inheritance === null) return { environment: {} };
    forwarder.succession?.dropUnclaimed();
    await inheritance.take();
    logger.info("standalone.took_over", { pid: inheritance.pid });
    io.out(`took over from process ${inheritance.pid}`);
    return { environment: environmentOf(inheritance) };
  } catch (error) {
    if (!(error instanceof SuccessionError)) throw error;
    io.err(`error: cannot take over: ${error.message}`);
    await forwarder.retire(service.config.drainMs).drained;
    return null;
  }
}

/** Everything around the rules, until it is to stop, or somebody is there in its place. */
async function serve(
  service: StandaloneService,
  { options, io, file, clock, logger, manager, stopped, open }: {
    readonly options: StandaloneOptions;
    readonly io: ProcessIo;
    readonly file: ConfigFile;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly manager: ServiceManager;
    readonly stopped: Promise<void>;
    /** Waits for successors. */
    readonly open: () => Promise<Predecessor | null>;
  },
): Promise<Heir | null> {
  using _hangUp = onSignal("SIGHUP", () => void service.reload());
  await using _watch = watchFile(options.configPath, { clock, logger, file, service });
  await using _socket = await openSocket(service, { clock, logger, io });
  using place = await open();
  using _stats = every(clock, STANDALONE.statsLogIntervalMs, () => service.logStats());
  logger.info("standalone.started", {
    label: service.config.label ?? undefined,
    rules: service.config.rules.length,
  });
  await manager.ready();
  const heir = await nextHeir(place, stopped);
  await (heir === null ? manager.stopping() : manager.succeededBy(heir.pid));
  return heir;
}

/** The client that takes this one's place; `null` when this one is to stop first. */
async function nextHeir(place: Predecessor | null, stopped: Promise<void>): Promise<Heir | null> {
  const stop = stopped.then(() => null);
  while (place !== null) {
    const heir = await Promise.race([stop, place.next()]);
    if (heir === null || heir.isThere) return heir;
    heir[Symbol.dispose]();
  }
  return await stop;
}

function logDescriptorLimits(logger: Logger): void {
  const limits = descriptorLimits();
  if (limits === null) return;
  logger.info("standalone.rlimit_nofile", { ...limits });
  if (limits.soft !== null && limits.soft < STANDALONE.descriptorsLow) {
    logger.warn("standalone.rlimit_nofile_low", { soft: limits.soft });
  }
}

function bindErrors(failures: readonly RuleFailure[]): string {
  const lines = failures.map(({ rule, reason }) => `  - ${rule.name} (${rule.spec.id}): ${reason}`);
  return [`error: ${failures.length} rule(s) failed to bind:`, ...lines].join("\n");
}

/** Without a watch, SIGHUP still works. */
function watchFile(
  path: string,
  { clock, logger, file, service }: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly file: ConfigFile;
    readonly service: StandaloneService;
  },
): AsyncDisposable | null {
  const reloadIfChanged = async () => {
    if (await file.isChanged()) await service.reload();
  };
  try {
    return watchConfig({ path, clock, changed: () => void reloadIfChanged() });
  } catch (error) {
    logger.warn("standalone.watch_failed", { path, error: String(error) });
    return null;
  }
}

async function openSocket(
  service: StandaloneService,
  { clock, logger, io }: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly io: ProcessIo;
  },
): Promise<StatsSocket | null> {
  const { stats } = service.config;
  if (!stats.enabled) return null;
  return await openStatsSocket({
    path: socketPath(service.config, io),
    refreshMs: stats.refreshMs,
    source: service,
    clock,
    logger,
  });
}

const socketPath = ({ stats }: StandaloneConfig, io: ProcessIo): string =>
  stats.socketPath ?? defaultSocketPath(Deno.build.os, io.env);

/** Calls `fn` now and every `ms` milliseconds until the handle is disposed. */
function every(clock: Clock, ms: number, fn: () => void): Disposable {
  let timer: Disposable;
  const run = () => {
    fn();
    timer = clock.timer(ms, run);
  };
  run();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
