/**
 * Commands about the shared database of accounts. They disturb no running server.
 *
 * @module
 */

import type { BackendConfig } from "../backend/config.ts";
import { migrateLocal } from "../backend/migrate_local.ts";
import { openSharedDatabase, readSummary } from "../backend/open.ts";
import { PortunusError } from "../core/errors.ts";
import { IdentityTables } from "../store/identity_tables.ts";
import { openBeside } from "../store/open.ts";
import { systemClock } from "../system/clock.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { CommandError } from "./command_error.ts";
import type { GlobalFlags } from "./flags.ts";
import { commandLogger, dataDirOf, madeDataDir, open } from "./local.ts";
import { backendOf, commandError } from "./local_accounts.ts";

/** `backend status` */
export async function backendStatus(flags: GlobalFlags, io: ProcessIo): Promise<number> {
  const dataDir = dataDirOf(flags, io);
  const backend = await backendOf({ dataDir, logger: commandLogger(io), io });
  if (backend === null) {
    io.out("backend=embedded");
    return 0;
  }
  warnOfUnset(backend, io);
  try {
    const summary = await readSummary(backend.database, systemClock);
    io.out(`backend=${backend.database.kind}`);
    io.out(`schema=${summary.schema ?? "none"}`);
    io.out(`users=${summary.users}`);
    io.out(`superadmins=${summary.superadmins}`);
    return 0;
  } catch (error) {
    throw commandError(error);
  }
}

/** `backend migrate-local` */
export async function migrateLocalAccounts(
  flags: GlobalFlags & { readonly dryRun?: true },
  io: ProcessIo,
): Promise<number> {
  const logger = commandLogger(io);
  const dataDir = madeDataDir(flags, io, "error: data_dir: ");
  const backend = await backendOf({ dataDir, logger, io });
  if (backend === null) {
    throw new CommandError("error: server.toml has no [backend] to copy to", 1);
  }
  warnOfUnset(backend, io);
  using store = open(dataDir, logger, "error: open_store: ", openBeside);
  const dryRun = flags.dryRun ?? false;
  try {
    using database = await openSharedDatabase(backend.database, { clock: systemClock, logger });
    const { maxUsers } = backend;
    const tables = new IdentityTables(store);
    const users = await migrateLocal({ tables, database, maxUsers, dryRun });
    for (const { userId, present, credentials } of users) {
      io.out(`user_id=${userId} ${present ? "present" : "new"} credentials=${credentials}`);
    }
    const added = users.filter(({ present }) => !present).length;
    const credentials = users.reduce((sum, it) => sum + it.credentials, 0);
    const prefix = dryRun ? "would_copy" : "copied";
    io.out(`${prefix} users=${added} credentials=${credentials}`);
    return 0;
  } catch (error) {
    if (error instanceof PortunusError && error.code === "user_already_exists") {
      throw new CommandError(`error: ${error.message}`, 2);
    }
    throw commandError(error);
  }
}

function warnOfUnset({ unresolved }: BackendConfig, io: ProcessIo): void {
  for (const variable of unresolved) {
    io.err(`warning: environment variable ${variable} is not set`);
  }
}
