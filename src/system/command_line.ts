/**
 * The conventions both programs' command lines share, on top of commander: usage errors exit 2,
 * help and version go to stdout, options are never abbreviated or given twice by accident.
 *
 * @module
 */

import { Command, CommanderError, InvalidArgumentError, type Option } from "commander";
import type { ProcessIo } from "./process_io.ts";
import { versionLine } from "./version_request.ts";

/** Exit status of a usage error (spec `cli.md` §1.1). */
export const USAGE_EXIT = 2;

/** Where an action leaves the exit status of the program. */
export interface ExitStatus {
  code: number;
}

/** A root command named `name` that prints through `io` and never exits by itself. */
export function createProgram(name: string, description: string, io: ProcessIo): Command {
  return new Command(name)
    .description(description)
    .version(versionLine(name), "-V, --version", "Print version")
    .helpOption("-h, --help", "Print help")
    .helpCommand("help [command]", "Print help")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError("For more information, try '--help'.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      getOutHelpWidth: () => io.columns(),
      getErrHelpWidth: () => io.columns(),
    });
}

/**
 * Parses `args` and runs the action they select.
 *
 * @returns the exit status: what the action left in `status`, 2 for usage errors, 0 for help and version
 */
export async function runProgram(
  program: Command,
  args: readonly string[],
  status: ExitStatus,
): Promise<number> {
  try {
    refuseAmbiguousOptions(program, args);
    await program.parseAsync(expandHelp(program, args), { from: "user" });
    return status.code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE_EXIT;
  }
}

/** `help audit prune` as `audit prune --help`: commander's own looks at the first word only. */
function expandHelp(program: Command, args: readonly string[]): string[] {
  const [first, ...path] = args;
  if (first !== "help" || path.length < 2) return [...args];
  let command = program;
  for (const name of path) {
    const next = command.commands.find((it) => it.name() === name);
    if (next === undefined) refuseUnknownCommand(command, name);
    command = next ?? command;
  }
  return [...path, "--help"];
}

/**
 * Refuses what commander would silently accept: the same option twice (the last would win), and
 * `--name -value`, where a forgotten value swallows the next option. `--name=-value` is fine.
 */
function refuseAmbiguousOptions(program: Command, args: readonly string[]): void {
  let command = program;
  const seen = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === "--") return;
    if (!arg.startsWith("-") || arg === "-") {
      const next = command.commands.find((it) => it.name() === arg);
      if (next === undefined && command === program) refuseUnknownCommand(program, arg);
      command = next ?? command;
      continue;
    }
    const [flag, inline] = arg.split("=", 2);
    const option = findOption(command, program, flag as string);
    if (!option) continue;
    if (!option.variadic && seen.has(option.attributeName())) {
      command.error(`error: the option '${option.flags}' cannot be used more than once`);
    }
    if (!isRepeatable(option)) seen.add(option.attributeName());
    if (!option.required || inline !== undefined) continue;
    const value = args[i + 1];
    if (value !== undefined && value.startsWith("-") && value !== "-") {
      command.error(
        `error: option '${option.flags}' needs a value; write '${flag}=${value}' to pass '${value}'`,
      );
    }
    i += 1;
  }
}

/**
 * A program that does something without a command takes a mistyped one for an argument too many,
 * and suggests nothing. One that has the same commands and does nothing does.
 */
function refuseUnknownCommand(program: Command, name: string): void {
  if (name === "help" || program.commands.length === 0) return;
  const strict = new Command(program.name()).copyInheritedSettings(program);
  for (const command of program.commands) strict.command(command.name());
  strict.parse([name], { from: "user" });
}

const repeatable = new WeakSet<Option>();

/** Marks an option whose values add up instead of being refused the second time. */
export function markRepeatable(option: Option): Option {
  repeatable.add(option);
  return option;
}

const isRepeatable = (option: Option): boolean => option.variadic || repeatable.has(option);

function findOption(command: Command, program: Command, flag: string): Option | undefined {
  const is = (option: Option) => option.long === flag || option.short === flag;
  return command.options.find(is) ?? program.options.find(is);
}

/** An option parser for unsigned decimal integers up to `max` (at least `min`). */
export function unsigned(max: bigint | number, min: bigint | number = 0): (text: string) => bigint {
  return (text) => {
    const value = /^\+?\d{1,20}$/.test(text) ? BigInt(text.replace("+", "")) : -1n;
    if (value < BigInt(min) || value > BigInt(max)) {
      throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** The same for integers that a double holds exactly. */
export function unsignedNumber(max: number, min = 0): (text: string) => number {
  const parse = unsigned(max, min);
  return (text) => Number(parse(text));
}

/** The largest unsigned 16, 32 and 64-bit integers. */
export const U16_MAX = 65_535;
export const U32_MAX = 4_294_967_295;
export const U64_MAX = 18_446_744_073_709_551_615n;
