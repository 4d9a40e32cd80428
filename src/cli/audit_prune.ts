import { errorText } from "../core/errors.ts";
import { parseInstant } from "../core/instant.ts";
import { AUDIT } from "../core/limits.ts";
import { AuditRepository } from "../store/audit.ts";
import { StoreError } from "../store/database.ts";
import { openBeside } from "../store/open.ts";
import { systemClock } from "../system/clock.ts";
import type { ProcessIo } from "../system/process_io.ts";
import type { GlobalFlags } from "./flags.ts";
import { CommandError } from "./command_error.ts";
import { commandLogger, dataDirOf, open } from "./local.ts";

const INVALID_EXIT = 3;

/** `audit prune`. It is run from cron, so a server may have the store open. */
export function pruneAudit(
  flags: GlobalFlags & { readonly before: string; readonly dryRun?: true },
  io: ProcessIo,
): number {
  const before = parseBefore(flags.before);
  using store = open(dataDirOf(flags, io), commandLogger(io), "error: open store: ", openBeside);
  const audit = new AuditRepository(store, systemClock);
  try {
    if (flags.dryRun) {
      io.out(`audit_prune dry_run=true would_delete=${audit.countBefore(before)}`);
      return 0;
    }
    const deleted = deleteBefore(audit, before, (total) => io.status(`audit prune: ${total}`));
    io.status("audit prune: giving the room back");
    store.reclaim();
    io.status("");
    io.out(`audit_prune deleted=${deleted}`);
    return 0;
  } catch (error) {
    io.status("");
    if (!(error instanceof StoreError)) throw error;
    throw new CommandError(`error: ${error.message}`, 1);
  }
}

/** In batches: a server that runs beside it gets its turn to write. */
function deleteBefore(
  audit: AuditRepository,
  before: Temporal.Instant,
  onProgress: (total: number) => void,
): number {
  for (let total = 0;;) {
    const deleted = audit.deleteBefore(before, AUDIT.deleteBatchMax);
    total += deleted;
    onProgress(total);
    if (deleted < AUDIT.deleteBatchMax) return total;
  }
}

function parseBefore(text: string): Temporal.Instant {
  try {
    return parseInstant(text);
  } catch (error) {
    throw new CommandError(`error: --before must be RFC3339: ${errorText(error)}`, INVALID_EXIT);
  }
}
