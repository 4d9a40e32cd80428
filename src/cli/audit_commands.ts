/**
 * `audit list|follow|prune`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { AUDIT } from "../core/limits.ts";
import { unsigned } from "../system/command_line.ts";
import type { ProcessIo } from "../system/process_io.ts";
import type { AuditFollowFlags } from "./audit_follow.ts";
import type { AuditListFlags } from "./audit_list.ts";
import type { GlobalFlags } from "./flags.ts";
import { type Run, withFormat, withGlobals, withHttp } from "./options.ts";

export function addAuditCommands(program: Command, run: Run, io: ProcessIo): void {
  const audit = withGlobals(program.command("audit").description("The audit trail"));
  const outcome = () =>
    new Option("--outcome <OUTCOME>", "only entries of this outcome").choices(["allow", "deny"]);

  const list = withHttp(withFormat(
    audit.command("list").description("List who did what, the latest first")
      .addOption(
        new Option("--limit <N>", "how many entries")
          .argParser(unsigned(AUDIT.pageMax, 1)).default(
            BigInt(AUDIT.pageDefault),
            String(AUDIT.pageDefault),
          ),
      )
      .addOption(outcome())
      .option("--since <RFC3339>", "only entries from this time on")
      .option("--until <RFC3339>", "only entries up to this time"),
  ));
  run(
    list,
    async (flags: AuditListFlags) => (await import("./audit_list.ts")).listAudit(flags, io),
  );

  const follow = withHttp(withFormat(
    audit.command("follow").description("Show who does what, the latest last, until Ctrl-C")
      .addOption(outcome())
      .option("--since <RFC3339>", "begin at this time (default: with the last 10 entries)"),
  ));
  run(
    follow,
    async (flags: AuditFollowFlags) => (await import("./audit_follow.ts")).followAudit(flags, io),
  );

  const prune = audit.command("prune")
    .description("Delete old entries of the audit trail; the server may be running")
    .requiredOption("--before <RFC3339>", "delete what is older than this time")
    .option("--dry-run", "only count");
  run(
    prune,
    async (flags: GlobalFlags & { before: string; dryRun?: true }) =>
      (await import("./audit_prune.ts")).pruneAudit(flags, io),
  );
}
