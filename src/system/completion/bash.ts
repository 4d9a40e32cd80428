import { type CommandModel, type CompletionModel, functionName, quoted } from "./model.ts";

/** A script for bash 3.2 and later, without bash-completion. */
export function bashScript({ program, commands }: CompletionModel): string {
  const name = functionName(program);
  const paths = commands.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  return `# bash completion of ${program}
${name}() {
  local at='' word i cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  # --name=value comes as three words
  if [[ $cur == = ]]; then cur=''; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${paths.join(" | ")}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$at" in
${commands.map(wordsCase).join("\n")}
  esac
}
complete -F ${name} ${program}`;
}

/** What to offer after the options that take a value. */
function valueCases({ path, options }: CommandModel): string[] {
  return options.flatMap(({ names, value }) => {
    const pattern = names.map((name) => quoted(`${path} ${name}`)).join(" | ");
    switch (value.kind) {
      case "none":
        return [];
      case "words":
        return [
          `    ${pattern}) COMPREPLY=($(compgen -W ${
            quoted(value.words.join(" "))
          } -- "$cur")); return ;;`,
        ];
      case "file":
        return [
          `    ${pattern}) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;`,
        ];
      case "free":
        return [`    ${pattern}) return ;;`];
      default:
        return value satisfies never;
    }
  });
}

function wordsCase({ path, words, options }: CommandModel): string {
  const names = words.map(({ name }) => name).join(" ");
  const flags = options.flatMap((option) => option.names).join(" ");
  return `    ${quoted(path)})
      case "$cur" in
        -*) COMPREPLY=($(compgen -W ${quoted(flags)} -- "$cur")) ;;
        *) COMPREPLY=($(compgen -W ${quoted(names)} -- "$cur")) ;;
      esac ;;`;
}
