/**
 * `users-export` and `reset-totp`: commands about accounts that work on the store.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { errorText, exitCode, PortunusError } from "../core/errors.ts";
import { isUserId } from "../core/ids.ts";
import { instantFromMillis } from "../core/instant.ts";
import { exportUsers } from "../publish/users_export.ts";
import { AuditRepository } from "../store/audit.ts";
import { StoreError } from "../store/database.ts";
import { openBeside } from "../store/open.ts";
import { PublishStateRepository } from "../store/publish_state.ts";
import { systemClock } from "../system/clock.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { CommandError } from "./command_error.ts";
import type { GlobalFlags } from "./flags.ts";
import { commandLogger, dataDirOf, madeDataDir, open } from "./local.ts";
import { openCommandAccounts } from "./local_accounts.ts";

/** `users-export`. It only reads the store, so a server may have it open. */
export async function usersExport(
  flags: GlobalFlags & { readonly out: string },
  io: ProcessIo,
): Promise<number> {
  const logger = commandLogger(io);
  const dataDir = dataDirOf(flags, io);
  using store = open(dataDir, logger, "error: open store: ", openBeside);
  await using opened = await openCommandAccounts(store, { dataDir, logger, io });
  try {
    const state = new PublishStateRepository(store);
    const users = await exportUsers(resolve(flags.out), {
      accounts: opened.accounts.store,
      domain: () => state.get().domain,
    });
    io.out(`users_export users=${users}`);
    return 0;
  } catch (error) {
    // The system names the file that it could not make, which nobody asked for.
    const reason = error instanceof Deno.errors.NotFound
      ? `${dirname(resolve(flags.out))} does not exist`
      : errorText(error);
    throw new CommandError(`error: users-export: ${reason}`, 1);
  }
}

/** `reset-totp` */
export async function resetTotp(
  flags: GlobalFlags & { readonly userId: string },
  io: ProcessIo,
): Promise<number> {
  const { userId } = flags;
  const fail = (code: "invalid_user_id" | "user_not_found") =>
    new CommandError(`error: ${code}: ${userId}`, exitCode(code, "local"));
  if (!userId.startsWith("_") && !isUserId(userId)) throw fail("invalid_user_id");
  const logger = commandLogger(io);
  const dataDir = madeDataDir(flags, io, "error: data_dir: ");
  using store = open(dataDir, logger, "error: open_store: ");
  await using opened = await openCommandAccounts(store, { dataDir, logger, io });
  const { store: accounts } = opened.accounts;
  try {
    if (!await accounts.account(userId)) throw fail("user_not_found");
    const removed = await accounts.removeTotp(userId, null);
    new AuditRepository(store, systemClock).insert([{
      timestamp: instantFromMillis(systemClock.now()),
      actor: "_local_cli",
      role: "superadmin",
      outcome: "allow",
      action: "operator.totp_reset",
      reason: null,
      resourceKind: "user",
      resourceValue: userId,
      details: { source: "local_cli", removed },
    }]);
    io.out(`totp_reset=ok user_id=${userId} removed=${removed}`);
    return 0;
  } catch (error) {
    if (!(error instanceof PortunusError) && !(error instanceof StoreError)) throw error;
    throw new CommandError(`error: ${error.message}`, 1);
  }
}
