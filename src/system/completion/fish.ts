import {
  type CommandModel,
  type CompletionModel,
  functionName,
  type OptionModel,
} from "./model.ts";

/** A script for `completions/` of fish, or to be sourced. */
export function fishScript({ program, commands }: CompletionModel): string {
  const name = functionName(program);
  const paths = commands.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  return [
    `# fish completion of ${program}`,
    `function _${name}_at`,
    "  set -l at ''",
    "  for word in (commandline -opc)[2..-1]",
    `    contains -- "$at $word" ${paths.join(" ")}; and set at "$at $word"`,
    "  end",
    '  test "$at" = "$argv[1]"',
    "end",
    `complete -c ${program} -f`,
    ...commands.flatMap((command) => linesOf(command, `complete -c ${program}`, `_${name}_at`)),
  ].join("\n");
}

function linesOf({ path, words, options }: CommandModel, complete: string, at: string): string[] {
  const condition = `-n ${quoted(`${at} "${path}"`)}`;
  return [
    ...words.map(({ name, description }) =>
      `${complete} ${condition} -a ${quoted(name)} -d ${quoted(description)}`
    ),
    ...options.map((option) => `${complete} ${condition} ${optionText(option)}`),
  ];
}

function optionText({ names, description, value }: OptionModel): string {
  const flags = names.map((name) =>
    name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`
  );
  return `${flags.join(" ")}${valueText(value)} -d ${quoted(description)}`;
}

function valueText(value: OptionModel["value"]): string {
  switch (value.kind) {
    case "none":
      return "";
    case "free":
      return " -x";
    case "file":
      return " -r -F";
    case "words":
      return ` -x -a ${quoted(value.words.join(" "))}`;
    default:
      return value satisfies never;
  }
}

/** `text` as one word of fish, where a backslash counts between quotes, too. */
const quoted = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
