import { type CommandModel, type CompletionModel, functionName, quoted } from "./model.ts";

/** A script for a directory of `$fpath`, or to be sourced after `compinit`. */
export function zshScript({ program, commands }: CompletionModel): string {
  const name = functionName(program);
  const paths = commands.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  return `#compdef ${program}
${name}() {
  local at='' i
  local -a words_here options_here
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      (${paths.join("|")}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$at" in
${commands.map(wordsCase).join("\n")}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe -o option options_here
  elif (( \${#words_here} )); then
    _describe command words_here
  fi
}
if [[ $funcstack[1] == _${program} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi`;
}

/** What to offer after the options that take a value. */
function valueCases({ path, options }: CommandModel): string[] {
  return options.flatMap(({ names, value }) => {
    const pattern = names.map((name) => quoted(`${path} ${name}`)).join("|");
    switch (value.kind) {
      case "none":
        return [];
      case "words":
        return [`    (${pattern}) compadd -- ${value.words.map(quoted).join(" ")}; return ;;`];
      case "file":
        return [`    (${pattern}) _files; return ;;`];
      case "free":
        return [`    (${pattern}) return ;;`];
      default:
        return value satisfies never;
    }
  });
}

function wordsCase({ path, words, options }: CommandModel): string {
  const described = (name: string, description: string) =>
    quoted(`${name}:${description.replaceAll(":", "\\:")}`);
  const names = words.map(({ name, description }) => described(name, description));
  const flags = options.flatMap((it) => it.names.map((name) => described(name, it.description)));
  return `    (${quoted(path)})
      words_here=(${names.join(" ")})
      options_here=(${flags.join(" ")}) ;;`;
}
