import { Argument, type Command } from "commander";
import type { ProcessIo } from "../process_io.ts";
import { type Shell, SHELLS } from "./shells.ts";

/** Adds `completion <SHELL>`, which prints a script that completes everything `program` has. */
export function addCompletionCommand(program: Command, io: Pick<ProcessIo, "out">): void {
  const name = program.name();
  program.command("completion")
    .description("Print a script that teaches a shell to complete this program")
    .addArgument(new Argument("<SHELL>", "which shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
bash: source <(${name} completion bash)
zsh:  ${name} completion zsh > a directory of $fpath, as _${name}
fish: ${name} completion fish | source`,
    )
    .action(async (shell: Shell) => {
      const { completionScript } = await import("./scripts.ts");
      io.out(completionScript(program, shell));
    });
}
