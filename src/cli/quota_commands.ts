/**
 * `quota-set`, `quota-get`, `quota-list`, `quota-clear`, `quota-delete`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { unsigned } from "../system/command_line.ts";
import type { ProcessIo } from "../system/process_io.ts";
import type { HttpFlags } from "./flags.ts";
import { argument, type Run, withHttp } from "./options.ts";
import type { QuotaFormatFlags, QuotaListFlags, QuotaSetFlags } from "./quotas.ts";

const I64_MAX = 2n ** 63n - 1n;

export function addQuotaCommands(program: Command, run: Run, io: ProcessIo): void {
  const command = (name: string, description: string) =>
    withHttp(program.command(name).description(description));
  const ofUser = (name: string, description: string) =>
    command(name, description)
      .argument("<USER_ID>", "id of the user")
      .argument("<CLIENT>", "display name or id of the client");
  const addressOf = (it: Command) => ({ userId: argument(it, 0), client: argument(it, 1) });
  const load = () => import("./quotas.ts");

  const set = shown(ofUser("quota-set", "Give a user a monthly quota on a client, unused"))
    .addOption(
      new Option("--monthly-bytes <N>", "what may be forwarded in a period, in and out")
        .argParser(unsigned(I64_MAX)).makeOptionMandatory(),
    )
    .option("--billing-anchor <RFC3339>", "where periods are counted from (default: now)");
  run(
    set,
    async (flags: QuotaSetFlags & QuotaFormatFlags) =>
      (await load()).setQuota({ ...flags, ...addressOf(set) }, io),
  );

  const get = shown(ofUser("quota-get", "Show a quota, and what was used of it"));
  run(
    get,
    async (flags: HttpFlags & QuotaFormatFlags) =>
      (await load()).getQuota({ ...flags, ...addressOf(get) }, io),
  );

  const list = shown(command("quota-list", "List the quotas of a user, or on a client"))
    .option("--user-id <ID>", "quotas of this user")
    .addOption(
      new Option("--client <CLIENT>", "quotas on this client, by display name or id")
        .conflicts("userId"),
    );
  run(list, async (flags: QuotaListFlags) => {
    if (flags.userId === undefined && flags.client === undefined) {
      list.error("error: quota-list needs --user-id or --client");
    }
    return await (await load()).listQuotas(flags, io);
  });

  const clear = shown(ofUser("quota-clear", "Forget what was used of a quota in this period"));
  run(
    clear,
    async (flags: HttpFlags & QuotaFormatFlags) =>
      (await load()).clearQuota({ ...flags, ...addressOf(clear) }, io),
  );

  const remove = ofUser("quota-delete", "Remove a quota");
  run(
    remove,
    async (flags: HttpFlags) => (await load()).deleteQuota({ ...flags, ...addressOf(remove) }, io),
  );
}

/** `text` is JSON, as with users and grants. */
const shown = (command: Command) =>
  command.addOption(
    new Option("--format <FORMAT>", "output format (default: table on a terminal, else json)")
      .choices(["text", "json", "table"]),
  );
