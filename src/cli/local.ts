/**
 * Commands that work on the local store: no other process may have it open.
 *
 * @module
 */

import { ulid } from "ulid";
import { EnrollmentService } from "../control/enrollment.ts";
import { seedFrom } from "../core/endpoint.ts";
import { errorText, exitCode, PortunusError } from "../core/errors.ts";
import { clientNameProblem, parseUlid } from "../core/ids.ts";
import { instantFromMillis, toCliText } from "../core/instant.ts";
import type { Logger } from "../core/log.ts";
import { bootstrapSuperadmin as bootstrap } from "../identity/first_start.ts";
import { ClientRepository } from "../store/clients.ts";
import { StoreError } from "../store/database.ts";
import { EnrollmentRepository } from "../store/enrollments.ts";
import { openStore, type Store } from "../store/open.ts";
import { SettingsRepository } from "../store/settings.ts";
import { systemClock } from "../system/clock.ts";
import { resolveDataDir } from "../system/data_dir.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { newToken, systemRandom } from "../system/random.ts";
import { processLogger } from "../telemetry/log.ts";
import { logStartupFailure } from "../telemetry/startup.ts";
import { sans } from "../wire/certificate.ts";
import { loadTlsMaterial, type TlsMaterial } from "../wire/tls_material.ts";
import { CommandError } from "./command_error.ts";
import type { GlobalFlags } from "./flags.ts";
import { openCommandAccounts } from "./local_accounts.ts";

/** The control port that offline commands assume; they do not read `server.toml`. */
const DEFAULT_CONTROL_PORT = 7443;

/** `gen-token` */
export function genToken(io: ProcessIo): number {
  io.out(newToken(systemRandom));
  return 0;
}

/** `bootstrap-superadmin` */
export async function bootstrapSuperadmin(
  flags: GlobalFlags & { readonly name: string },
  io: ProcessIo,
): Promise<number> {
  const dataDir = madeDataDir(flags, io, "data dir: ");
  const logger = commandLogger(io);
  using db = open(dataDir, logger, "error: open store: ");
  await using opened = await openCommandAccounts(db, { dataDir, logger, io });
  const { store } = opened.accounts;
  const tools = { clock: systemClock, random: systemRandom, newId: ulid };
  try {
    const token = await bootstrap({ store, ...tools }, flags.name);
    io.out(`superadmin user_id=_superadmin token=${token}`);
    return 0;
  } catch (error) {
    // The row of a disabled superadmin is in the way of a new one.
    const persisting = error instanceof PortunusError && error.code === "user_already_exists";
    if (error instanceof StoreError || persisting) {
      throw new CommandError(`error: persist superadmin: ${error.message}`, 1);
    }
    if (!(error instanceof PortunusError)) throw error;
    throw new CommandError(`error: ${error.code} (${error.detail})`, exitCode(error.code, "local"));
  }
}

/** `enroll-client` */
export async function enrollClient(
  flags: GlobalFlags & {
    readonly name: string;
    readonly address?: string;
    readonly ttlSecs: bigint;
  },
  io: ProcessIo,
): Promise<number> {
  const dataDir = madeDataDir(flags, io, "data dir: ");
  const logger = commandLogger(io);
  using store = open(dataDir, logger, "store: ");
  const tls = await loadTls(dataDir, logger, io);
  const service = new EnrollmentService({
    clients: new ClientRepository(store),
    enrollments: new EnrollmentRepository(store),
    settings: new SettingsRepository(store),
    server: {
      fingerprint: tls.fingerprint,
      sans: sans(tls.certPem),
      seed: seedFrom(flags.advertisedEndpoint, io.env("PORTUNUS_ADVERTISED_ENDPOINT")),
      controlPort: DEFAULT_CONTROL_PORT,
    },
    clock: systemClock,
    random: systemRandom,
    newId: ulid,
    logger,
    onRotated: () => undefined,
  });
  const created = checked(() =>
    service.create({
      name: flags.name,
      address: flags.address ?? null,
      ttlSecs: flags.ttlSecs,
      hostHeader: null,
    })
  );
  io.out(
    `client_name=${created.clientName}\nexpires_at=${
      toCliText(created.expiresAt)
    }\n${created.command}`,
  );
  return 0;
}

/** `revoke`. A name that no client has is nothing to do. */
export function revokeClient(
  flags: GlobalFlags & { readonly name: string },
  io: ProcessIo,
): number {
  using store = open(madeDataDir(flags, io, "data dir: "), commandLogger(io), "store: ");
  return checked(() => {
    const problem = clientNameProblem(flags.name);
    if (problem !== null) throw new PortunusError("invalid_name", problem);
    new ClientRepository(store).revokeByName(flags.name, instantFromMillis(systemClock.now()));
    return 0;
  });
}

export interface RenameClientFlags extends GlobalFlags {
  readonly clientId: string;
  readonly name: string;
}

/** `rename-client` */
export function renameClient(flags: RenameClientFlags, io: ProcessIo): number {
  using store = open(madeDataDir(flags, io, "data dir: "), commandLogger(io), "store: ");
  return checked(() => {
    const clientId = parseUlid(flags.clientId);
    if (clientId === null) throw new PortunusError("client_not_found", "invalid client id");
    const problem = clientNameProblem(flags.name);
    if (problem !== null) throw new PortunusError("invalid_name", problem);
    new ClientRepository(store).rename(clientId, flags.name);
    io.out(`client_id=${clientId}\nclient_name=${flags.name}`);
    return 0;
  });
}

async function loadTls(dataDir: string, logger: Logger, io: ProcessIo): Promise<TlsMaterial> {
  try {
    return await loadTlsMaterial({
      certPath: `${dataDir}/server.crt`,
      keyPath: `${dataDir}/server.key`,
      advertisedHost: null,
      hostname: io.env("HOSTNAME") || Deno.hostname(),
      clock: systemClock,
      random: systemRandom,
      logger,
    });
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    throw new CommandError(`tls: ${error.detail}`, exitCode(error.code, "local"));
  }
}

export const dataDirOf = (flags: GlobalFlags, io: ProcessIo) =>
  resolveDataDir({ flag: flags.dataDir, env: io.env });

/** The data directory, which exists then; a failure's line begins with `prefix`. */
export function madeDataDir(flags: GlobalFlags, io: ProcessIo, prefix: string): string {
  const dataDir = dataDirOf(flags, io);
  try {
    Deno.mkdirSync(dataDir, { recursive: true });
    return dataDir;
  } catch (error) {
    throw new CommandError(`${prefix}${errorText(error)}`, 1);
  }
}

export const commandLogger = (io: ProcessIo): Logger => processLogger("portunus_server", io.env);

/** Opens the store; a failure's line begins with `prefix`, which differs between commands. */
export function open(
  dataDir: string,
  logger: Logger,
  prefix: string,
  opener: typeof openStore = openStore,
): Store {
  try {
    return opener({ dataDir, logger, clock: systemClock });
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    logStartupFailure(logger, error);
    throw new CommandError(`${prefix}${error.message}`, exitCode(error.code, "local"));
  }
}

function checked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    const code = ENDPOINT_CODES.has(error.code) ? "advertised_endpoint: " : "";
    throw new CommandError(`error: ${code}${error.message}`, exitCode(error.code, "local"));
  }
}

const ENDPOINT_CODES = new Set(["endpoint_invalid", "endpoint_not_in_cert_san"]);
