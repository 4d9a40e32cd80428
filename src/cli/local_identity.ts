/**
 * Commands about operators that work on the local store: no server may have it open.
 *
 * @module
 */

import { ulid } from "ulid";
import { errorText, exitCode, PortunusError } from "../core/errors.ts";
import { isUserId } from "../core/ids.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { Accounts, PasswordResetResult } from "../identity/accounts.ts";
import { Argon2Hasher } from "../identity/argon2_hasher.ts";
import { rotateSetupToken } from "../identity/first_start.ts";
import { createIdentity } from "../identity/identity.ts";
import { AuditRepository } from "../store/audit.ts";
import { StoreError } from "../store/database.ts";
import type { Store } from "../store/open.ts";
import { systemClock } from "../system/clock.ts";
import { firstLine, type ProcessIo } from "../system/process_io.ts";
import { systemRandom } from "../system/random.ts";
import type { GlobalFlags } from "./flags.ts";
import { CommandError } from "./command_error.ts";
import { openCommandAccounts } from "./local_accounts.ts";
import { commandLogger, madeDataDir, open } from "./local.ts";

export interface ResetPasswordFlags extends GlobalFlags {
  readonly userId: string;
  readonly passwordStdin?: true;
  readonly temporary?: true;
  readonly keepApiTokens?: true;
}

/** `onboarding-token` */
export async function onboardingToken(flags: GlobalFlags, io: ProcessIo): Promise<number> {
  const logger = commandLogger(io);
  const dataDir = madeDataDir(flags, io, "error: data_dir: ");
  using store = open(dataDir, logger, "error: open_store: ");
  await using opened = await openCommandAccounts(store, { dataDir, logger, io });
  try {
    const token = await rotateSetupToken({
      ...opened.accounts,
      clock: systemClock,
      random: systemRandom,
      logger,
    });
    io.out(`setup_token=${token}`);
    return 0;
  } catch (error) {
    if (!(error instanceof PortunusError)) throw storeFailure(error);
    throw new CommandError(`error: ${error.code} (${error.detail})`, exitCode(error.code, "local"));
  }
}

/** `reset-password` */
export async function resetPassword(flags: ResetPasswordFlags, io: ProcessIo): Promise<number> {
  // Reserved ids are taken as they are.
  if (!flags.userId.startsWith("_") && !isUserId(flags.userId)) {
    throw new CommandError("error: invalid_user_id", exitCode("invalid_user_id", "local"));
  }
  const logger = commandLogger(io);
  const dataDir = madeDataDir(flags, io, "error: data_dir: ");
  using store = open(dataDir, logger, "error: open_store: ");
  await using opened = await openCommandAccounts(store, { dataDir, logger, io });
  using hasher = new Argon2Hasher(systemRandom);
  const { accounts } = createIdentity({
    ...opened.accounts,
    hasher,
    clock: systemClock,
    random: systemRandom,
    logger,
    newId: ulid,
  });
  try {
    const result = await reset(accounts, flags, io);
    recordReset(store, flags.userId, result, io);
    io.out(`password_reset=ok user_id=${flags.userId} sessions_revoked=${result.sessionsRevoked}`);
    if (result.generatedPassword !== null) {
      io.out(`temporary_password=${result.generatedPassword}`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof PortunusError)) throw storeFailure(error);
    const detail = error.code === "user_not_found" ? `: ${flags.userId}` : "";
    throw new CommandError(`error: ${error.code}${detail}`, exitCode(error.code, "local"));
  }
}

/** Whether there is such a user is said before anybody types a password. */
async function reset(
  accounts: Accounts,
  flags: ResetPasswordFlags,
  io: ProcessIo,
): Promise<PasswordResetResult> {
  await accounts.get(flags.userId);
  return await accounts.resetPassword(flags.userId, {
    password: flags.temporary ? null : await readPassword(flags, io),
    temporary: false,
    keepApiTokens: flags.keepApiTokens ?? false,
    remoteIp: null,
  });
}

async function readPassword({ passwordStdin }: ResetPasswordFlags, io: ProcessIo): Promise<string> {
  if (passwordStdin) return await firstLine(io);
  const ask = (prompt: string) =>
    io.secret(prompt).catch((error) => {
      throw new CommandError(`error: read_password_tty: ${errorText(error)}`, 1);
    });
  const password = await ask("New password: ");
  if (await ask("Confirm password: ") !== password) throw new PortunusError("password_mismatch");
  return password;
}

/** What happened counts, even if it cannot be written down. */
function recordReset(
  store: Store,
  userId: string,
  result: PasswordResetResult,
  io: ProcessIo,
): void {
  try {
    new AuditRepository(store, systemClock).insert([{
      timestamp: instantFromMillis(systemClock.now()),
      actor: "_local_cli",
      role: "superadmin",
      outcome: "allow",
      action: "operator.password_reset",
      reason: null,
      resourceKind: "user",
      resourceValue: userId,
      details: {
        sessions_revoked: result.sessionsRevoked,
        temporary_password_generated: result.generatedPassword !== null,
        password_change_required: result.passwordChangeRequired,
        source: "local_cli",
      },
    }]);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    io.err(`warning: audit_write_failed: ${error.message}`);
  }
}

function storeFailure(error: unknown): unknown {
  return error instanceof StoreError ? new CommandError(`error: ${error.message}`, 1) : error;
}
