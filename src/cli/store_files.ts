/**
 * `backup`, `restore` and `reset`: the store as a file.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { exitCode, PortunusError } from "../core/errors.ts";
import { backUpStore } from "../store/backup.ts";
import { storePaths } from "../store/paths.ts";
import { resetStore } from "../store/reset.ts";
import { type RestoreStep, restoreStore } from "../store/restore.ts";
import { systemClock } from "../system/clock.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { systemRandom } from "../system/random.ts";
import { logStartupFailure } from "../telemetry/startup.ts";
import { CommandError } from "./command_error.ts";
import type { GlobalFlags } from "./flags.ts";
import { stopped } from "./interrupts.ts";
import { commandLogger, dataDirOf } from "./local.ts";
import { noteSharedAccounts } from "./local_accounts.ts";

/** A restore that fails after the copy was made; 3.1.0 scripts tell it from other failures. */
const MIGRATION_FAILED_EXIT = 70;

/** `backup`. It takes no lock: a server may go on. */
export async function backUp(
  flags: GlobalFlags & { readonly out: string },
  io: ProcessIo,
): Promise<number> {
  await noteSharedAccounts({ dataDir: dataDirOf(flags, io), logger: commandLogger(io), io });
  using interrupts = stopped();
  try {
    const path = await backUpStore({
      source: storePaths(dataDirOf(flags, io)).database,
      out: flags.out,
      stamp: stampOf(systemClock.now()),
      clock: systemClock,
      random: systemRandom,
      onProgress(done) {
        interrupts.signal.throwIfAborted();
        io.status(`backup: ${Math.floor(done * 100)} %`);
      },
    });
    if (interrupts.signal.aborted) await Deno.remove(path);
    interrupts.signal.throwIfAborted();
    io.status("");
    io.out(`backup=${path}`);
    return 0;
  } catch (error) {
    io.status("");
    throw failure(error, io);
  }
}

/** What the terminal says of a step. */
const STATUS: Readonly<Record<RestoreStep, string>> = {
  copy: "restore: copying",
  check: "restore: checking every page",
  migrate: "restore: bringing the copy to this version's schema",
  settle: "restore: putting the copy in place",
  replace: "restore: putting the copy in place",
  sync: "restore: putting the copy in place",
  done: "",
};

/** `restore` */
export async function restore(
  flags: GlobalFlags & { readonly in: string; readonly force?: true },
  io: ProcessIo,
): Promise<number> {
  const dataDir = dataDirOf(flags, io);
  await noteSharedAccounts({ dataDir, logger: commandLogger(io), io });
  using interrupts = stopped();
  try {
    await restoreStore({
      dataDir,
      source: flags.in,
      force: flags.force === true,
      clock: systemClock,
      random: systemRandom,
      async onStep(step) {
        io.status(STATUS[step]);
        await turn();
        if (step !== "sync" && step !== "done") interrupts.signal.throwIfAborted();
      },
    });
  } catch (error) {
    io.status("");
    throw failure(error, io);
  }
  io.out(`restore=ok data_dir=${dataDir}`);
  return 0;
}

/** `reset` */
export async function reset(
  flags: GlobalFlags & { readonly confirm?: true },
  io: ProcessIo,
): Promise<number> {
  const dataDir = dataDirOf(flags, io);
  await noteSharedAccounts({ dataDir, logger: commandLogger(io), io });
  if (!flags.confirm) {
    io.out(`would remove: ${storePaths(dataDir).database}`);
    io.out("dry-run: pass --confirm to proceed");
    return 0;
  }
  try {
    resetStore(dataDir);
    return 0;
  } catch (error) {
    throw failure(error, io);
  }
}

/** Lets signals in. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** `20261121T080000Z` */
const stampOf = (unixMs: number) =>
  new Date(unixMs).toISOString().replace(/\.\d+/, "").replace(/[-:]/g, "");

function failure(error: unknown, io: ProcessIo): unknown {
  if (!(error instanceof PortunusError)) return error;
  logStartupFailure(commandLogger(io), error);
  switch (error.code) {
    case "schema_version_too_new": {
      const [, disk, supported] = /on_disk=(\d+) binary_supports=(\d+)/.exec(error.message) ?? [];
      const line = `schema_too_new: backup at version ${disk} > supported ${supported}`;
      return new CommandError(`error: ${line}`, exitCode(error.code, "local"));
    }
    case "migration_failed":
      return new CommandError(`error: ${error.message}`, MIGRATION_FAILED_EXIT);
    default:
      return new CommandError(`error: ${error.message}`, exitCode(error.code, "local"));
  }
}
