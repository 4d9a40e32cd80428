/**
 * Accounts for commands that work beside the server: those of the store, or the shared ones that
 * `server.toml` names.
 *
 * @module
 */

import { type OpenAccounts, openAccounts } from "../backend/accounts.ts";
import type { BackendConfig } from "../backend/config.ts";
import { exitCode, PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { readBackend } from "../server/config.ts";
import type { Store } from "../store/open.ts";
import { systemClock } from "../system/clock.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { logStartupFailure } from "../telemetry/startup.ts";
import { CommandError } from "./command_error.ts";

export interface LocalAccountsOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  readonly io: ProcessIo;
}

/** `[backend]` of the data directory's `server.toml`; `null` without one. */
export async function backendOf(
  { dataDir, io }: LocalAccountsOptions,
): Promise<BackendConfig | null> {
  try {
    const text = await Deno.readTextFile(`${dataDir}/server.toml`);
    return readBackend(text, { dataDir, env: io.env });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw commandError(error);
  }
}

/** Says that shared accounts are no part of the store's file. What is wrong there says others. */
export async function noteSharedAccounts(options: LocalAccountsOptions): Promise<void> {
  const backend = await backendOf(options).catch(() => null);
  if (backend === null) return;
  const { kind } = backend.database;
  options.io.err(`note: shared accounts are in the ${kind} database; this is about state.db alone`);
}

/** Opens the accounts that a server on `store` would use. @throws {CommandError} */
export async function openCommandAccounts(
  store: Store,
  options: LocalAccountsOptions,
): Promise<OpenAccounts> {
  const backend = await backendOf(options);
  try {
    return await openAccounts({ store, backend, clock: systemClock, logger: options.logger });
  } catch (error) {
    if (error instanceof PortunusError) logStartupFailure(options.logger, error);
    throw commandError(error);
  }
}

/** What a command says when it cannot get at the accounts. */
export function commandError(error: unknown): unknown {
  if (!(error instanceof PortunusError)) return error;
  const text = error.code === "backend_connect"
    ? `startup.backend_connect ${error.detail}`
    : error.message;
  return new CommandError(`error: ${text}`, exitCode(error.code, "local"));
}
