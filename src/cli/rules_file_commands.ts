import { type Command, Option } from "commander";
import type { ProcessIo } from "../system/process_io.ts";
import { type Run, withFormat, withHttp } from "./options.ts";
import type { ApplyFlags, ExportFlags } from "./rules_file.ts";

/** Adds `rules export` and `rules apply`. */
export function addRulesFileCommands(program: Command, run: Run, io: ProcessIo): void {
  const rules = program.command("rules").description("The rules of a fleet as a file");

  const exporting = withFormat(
    withHttp(
      rules.command("export").description("Print the rules as a file that `rules apply` takes")
        .option("--client <NAME>", "only rules of this client"),
    ),
    { choices: ["toml", "json"], standard: "toml" },
  );
  run(
    exporting,
    async (flags: ExportFlags) => (await import("./rules_file.ts")).exportRules(flags, io),
  );

  const applying = withHttp(
    rules.command("apply")
      .description(
        "Bring the rules to what a file says: shows the difference, checks all of it, then makes\n" +
          "the changes that interrupt least first. A standalone file will do, with a client for\n" +
          "each rule or in [defaults].",
      )
      .addOption(
        new Option("-f, --file <PATH>", "the file, TOML or JSON; - for stdin")
          .makeOptionMandatory(),
      )
      .option("--dry-run", "only show what would be done")
      .option("--prune", "remove rules that the file does not have, of clients that it names"),
  );
  run(
    applying,
    async (flags: ApplyFlags) => (await import("./rules_file.ts")).applyRules(flags, io),
  );
}
