/**
 * What there is to complete, the same for every shell.
 *
 * @module
 */

import type { Command, Option } from "commander";

/** What comes after an option: nothing, one of some words, a file, or something only the user knows. */
export type OptionValue =
  | { readonly kind: "none" }
  | { readonly kind: "file" }
  | { readonly kind: "free" }
  | { readonly kind: "words"; readonly words: readonly string[] };

export interface OptionModel {
  /** `-c`, `--config` */
  readonly names: readonly string[];
  readonly description: string;
  readonly value: OptionValue;
}

/** The program, or one of its commands. */
export interface CommandModel {
  /** Names that lead to it, each after a space; empty for the program itself. */
  readonly path: string;
  /** What can come next: commands, or the words of an argument. */
  readonly words: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionModel[];
}

export interface CompletionModel {
  readonly program: string;
  readonly commands: readonly CommandModel[];
}

/** Everything that `program` can be given. */
export function completionOf(program: Command): CompletionModel {
  return { program: program.name(), commands: commandsOf(program, "") };
}

function commandsOf(command: Command, path: string): CommandModel[] {
  const argument = command.registeredArguments[0];
  const words = [
    ...command.commands.map((it) => ({ name: it.name(), description: firstLine(it) })),
    ...(argument?.argChoices ?? []).map((name) => ({
      name,
      description: argument?.description ?? "",
    })),
  ];
  const help = { names: ["-h", "--help"], description: "Print help", value: NONE } as const;
  const here = { path, words, options: [...command.options.map(optionOf), help] };
  return [here, ...command.commands.flatMap((it) => commandsOf(it, `${path} ${it.name()}`))];
}

const NONE = { kind: "none" } as const;

const firstLine = (command: Command) => command.description().split("\n", 1)[0] ?? "";

function optionOf(option: Option): OptionModel {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  return { names, description: option.description, value: valueOf(option) };
}

function valueOf({ required, argChoices, flags }: Option): OptionValue {
  if (!required) return NONE;
  if (argChoices) return { kind: "words", words: argChoices };
  return { kind: /<(PATH|FILE)>/.test(flags) ? "file" : "free" };
}

/** `text` as one word of a POSIX shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The name of the function in a script. */
export const functionName = (program: string): string => `_${program.replaceAll("-", "_")}`;
