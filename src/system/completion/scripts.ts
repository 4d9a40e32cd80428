import type { Command } from "commander";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { completionOf } from "./model.ts";
import type { Shell } from "./shells.ts";
import { zshScript } from "./zsh.ts";

/** The script that makes `shell` complete `program`. */
export function completionScript(program: Command, shell: Shell): string {
  const model = completionOf(program);
  switch (shell) {
    case "bash":
      return bashScript(model);
    case "zsh":
      return zshScript(model);
    case "fish":
      return fishScript(model);
    default:
      return shell satisfies never;
  }
}
