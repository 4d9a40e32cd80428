/**
 * A case of the golden suite, as it stands in its file:
 *
 *     # what for
 *     $ portunus-server remove-rule 7
 *     api: edge edge-01
 *     exit: 8
 *     --- stderr
 *     error: rule_not_found (rule_not_found)
 *
 * Headers may repeat. `api:` lines prepare an operator API (`api: -` for a bare one), `store:` lines
 * a data directory; `answer:` is a canned API. `env:`, `stdin:` and `requests: shown` do what they
 * say. In the streams, `{…}` stand for what differs each time: see `PLACEHOLDERS`.
 *
 * @module
 */

export interface Case {
  readonly comments: readonly string[];
  readonly program: "portunus-server" | "portunus-client";
  readonly args: readonly string[];
  /** Lines of the head by name, in order. */
  readonly head: ReadonlyMap<string, readonly string[]>;
  readonly exit: number;
  /** By name: `stdout`, `stderr`, `requests`. Those that are absent are empty. */
  readonly streams: ReadonlyMap<string, string>;
  /** The file up to `exit:`, which an update keeps. */
  readonly preamble: string;
}

const HEADERS = new Set(["api", "store", "answer", "env", "stdin", "requests", "exit", "terminal"]);

/** @throws {Error} saying what is wrong with the file */
export function parseCase(text: string): Case {
  const [top = "", ...sections] = text.split(/^--- /m);
  const lines = top.split("\n").filter((line) => line !== "");
  const comments = lines.filter((line) => line.startsWith("# ")).map((line) => line.slice(2));
  const command = lines.find((line) => line.startsWith("$ "))?.slice(2);
  if (command === undefined) throw new Error("There is no $ line");
  const [program, ...args] = splitWords(command);
  if (program !== "portunus-server" && program !== "portunus-client") {
    throw new Error(`${program} is not a program`);
  }
  const head = new Map<string, string[]>();
  for (const line of lines) {
    if (/^[#$] /.test(line)) continue;
    const [, name = "", value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (!HEADERS.has(name)) throw new Error(`Cannot read the line "${line}"`);
    head.set(name, [...head.get(name) ?? [], value]);
  }
  const streams = sections.map((section) => {
    const end = section.indexOf("\n");
    return [section.slice(0, end), section.slice(end + 1)] as const;
  });
  return {
    comments,
    program,
    args,
    head,
    exit: Number(head.get("exit")?.[0] ?? NaN),
    streams: new Map(streams),
    preamble: lines.filter((line) => !line.startsWith("exit:")).map((line) => `${line}\n`).join(""),
  };
}

/** Words as a shell sees them: quotes keep them together, and nothing is expanded. */
export function splitWords(command: string): string[] {
  const words = command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"]+)+/g);
  return Array.from(words, ([word]) => word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2"));
}

/** What differs from run to run, by name. */
export const PLACEHOLDERS: Readonly<Record<string, string>> = {
  token: "[\\w-]{43}",
  ulid: "[0-7][0-9A-HJKMNP-TV-Z]{25}",
  pin: "[0-9a-f]{64}",
  time: "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d{3}|\\.\\d{6}|\\.\\d{9})? UTC",
  utc: "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z",
  pid: "\\d+",
  stamp: "\\d{8}T\\d{6}Z",
  /** Wording that is free. */
  text: "[^\\n]+",
};

/** Whether `actual` is what `expected`, with its placeholders, says. */
export function matchesGolden(actual: string, expected: string): boolean {
  const pattern = RegExp.escape(expected).replace(
    /\\\{(\w+)\\\}/g,
    (whole, name: string) => PLACEHOLDERS[name] ?? whole,
  );
  return new RegExp(`^${pattern}$`).test(actual);
}

/** `actual` with placeholders where `expected` cannot be known; for updates. */
export function withPlaceholders(actual: string): string {
  return actual
    .replace(/(token=|password=|"token": "|code=)[\w-]{43}/g, "$1{token}")
    .replace(/(?<=^| )[\w-]{43}(?= |$)/gm, "{token}")
    .replace(/("timestamp":")[^"]*/g, "$1{utc}")
    .replace(/(pin=sha256:)[0-9a-f]{64}/g, "$1{pin}")
    .replace(/\(process \d+ has it/g, "(process {pid} has it")
    .replace(/(portunus-state-)\d{8}T\d{6}Z/g, "$1{stamp}")
    .replace(/(expires_at=).* UTC$/gm, "$1{time}");
}
