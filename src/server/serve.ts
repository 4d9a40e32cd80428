/**
 * `serve`: reads the configuration, then starts the server and stops it on a signal.
 *
 * @module
 */

import { exitCode, PortunusError } from "../core/errors.ts";
import { parseSocketAddress } from "../core/address.ts";
import { seedFrom } from "../core/endpoint.ts";
import type { Logger } from "../core/log.ts";
import { systemClock } from "../system/clock.ts";
import { USAGE_EXIT } from "../system/command_line.ts";
import { resolveDataDir } from "../system/data_dir.ts";
import { onSignal, type ProcessIo } from "../system/process_io.ts";
import { systemRandom } from "../system/random.ts";
import { ServiceManager } from "../system/service_manager.ts";
import { onShutdown } from "../system/shutdown.ts";
import { LiveLogFilter, processLogger } from "../telemetry/log.ts";
import { logStartupFailure } from "../telemetry/startup.ts";
import type { Env } from "../backend/interpolation.ts";
import { parseServerConfig, type ServerConfig } from "./config.ts";
import { type RunningServer, startServer } from "./start.ts";

export interface ServeFlags {
  readonly dataDir?: string;
  readonly advertisedEndpoint?: string;
  readonly operatorHttpListen?: string;
}

/** Goes before `operator_http_listen` of the file. */
export const LISTEN_VARIABLE = "PORTUNUS_OPERATOR_HTTP_LISTEN";

/** Runs until SIGINT or SIGTERM. Returns the exit status. */
export async function runServe(flags: ServeFlags, io: ProcessIo): Promise<number> {
  const logLevel = io.env("RUST_LOG");
  const filter = new LiveLogFilter(logLevel);
  const logger = processLogger("portunus_server", io.env, filter);
  const dataDir = resolveDataDir({ flag: flags.dataDir, env: io.env });
  const listen = flags.operatorHttpListen ?? io.env(LISTEN_VARIABLE)?.trim() ?? "";
  const override = listen === "" ? null : parseSocketAddress(listen);
  if (listen !== "" && override === null) {
    const source = flags.operatorHttpListen === undefined
      ? LISTEN_VARIABLE
      : "--operator-http-listen";
    io.err(`error: invalid ${source} '${listen}': expected IP:port`);
    return USAGE_EXIT;
  }

  const stop = Promise.withResolvers<void>();
  using _signals = onShutdown({ logger, stop: () => stop.resolve() });
  using manager = new ServiceManager({ env: io.env, pid: Deno.pid, clock: systemClock, logger });
  let server: RunningServer;
  try {
    server = await startServer({
      readConfig: async () => {
        const config = await readConfig(dataDir, io.env);
        return override === null ? config : { ...config, operatorHttpListen: override };
      },
      dataDir,
      seed: seedFrom(flags.advertisedEndpoint, io.env("PORTUNUS_ADVERTISED_ENDPOINT")),
      hostname: io.env("HOSTNAME") || Deno.hostname(),
      clock: systemClock,
      random: systemRandom,
      logger,
      configured: (config) => filter.use(logLevel || (config.logLevel ?? undefined)),
      printSetupToken: (text) => io.err(`Portunus onboarding setup token: ${text}`),
    });
  } catch (error) {
    return reportStartFailure(error, io, logger);
  }
  using _reload = onSignal("SIGHUP", () => void server.reload());
  await manager.ready();
  await stop.promise;
  logger.info("server.draining");
  await manager.stopping();
  await server.stop();
  logger.info("server.stopped");
  return 0;
}

/** Reads `server.toml`, which may be missing. @throws {PortunusError} `config_invalid` */
export async function readConfig(dataDir: string, env: Env): Promise<ServerConfig> {
  const path = `${dataDir}/server.toml`;
  try {
    return parseServerConfig(await Deno.readTextFile(path), { dataDir, env });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return parseServerConfig("", { dataDir, env });
    throw error;
  }
}

function reportStartFailure(error: unknown, io: ProcessIo, logger: Logger): number {
  if (!(error instanceof PortunusError)) {
    io.err(`serve failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  logStartupFailure(logger, error);
  io.err(`serve failed: ${startFailureText(error)}`);
  return exitCode(error.code, "local");
}

/** The line of 3.1.0, where everything that is not the configuration is filed under `tls`. */
function startFailureText(error: PortunusError): string {
  switch (error.code) {
    case "config_invalid":
      return error.message;
    case "tls_material":
      return `tls: ${error.detail}`;
    case "backend_connect":
      return `startup.backend_connect ${error.detail}`;
    case "unsupported_filesystem":
      return `tls: startup.unsupported_filesystem ${error.detail}`;
    default:
      return `tls: startup.store_open ${error.message}`;
  }
}
