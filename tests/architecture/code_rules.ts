/**
 * Rules about code: how long it may be, and which of the runtime's doors stand where.
 *
 * @module
 */

import ts from "typescript";
import { globalsIn } from "./globals.ts";
import { specifierOf } from "./import_graph.ts";
import { isGenerated, isTest, lineOf, nodesOf, parse, type Source, violation } from "./source.ts";

/** Lines a function may have, from its name to its closing brace. */
export const FUNCTION_LINES_MAX = 70;
/** Lines a file may have. */
export const FILE_LINES_MAX = 400;

/** The file, when it is too long. */
export function longFile({ path, text }: Source): string[] {
  const lines = text.replace(/\n$/, "").split("\n").length;
  if (lines <= FILE_LINES_MAX || isGenerated(path)) return [];
  const advice = `${lines} lines, at most ${FILE_LINES_MAX}; split it by idea`;
  return [violation(path, FILE_LINES_MAX + 1, advice)];
}

/** The functions that are too long. */
export function longFunctions(source: Source): string[] {
  if (isGenerated(source.path)) return [];
  return [...nodesOf(parse(source))].flatMap((node) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) return [];
    const file = node.getSourceFile();
    const last = file.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
    const lines = last - lineOf(node) + 1;
    if (lines <= FUNCTION_LINES_MAX) return [];
    const text = `a function of ${lines} lines, at most ${FUNCTION_LINES_MAX}; ` +
      `give its steps names of their own`;
    return [violation(source.path, lineOf(node), text)];
  });
}

/** Where types are switched off. */
export function typeEscapes(source: Source): string[] {
  if (isGenerated(source.path)) return [];
  const anys = [...nodesOf(parse(source))].flatMap((node) => {
    if (node.kind !== ts.SyntaxKind.AnyKeyword) return [];
    const text = "any switches checks off; write the type, or unknown and narrow it";
    return [violation(source.path, lineOf(node), text)];
  });
  const directives = source.text.split("\n").flatMap((line, index) => {
    const [directive] = /@ts-(?:ignore|expect-error|nocheck)\b/.exec(line) ?? [];
    if (directive === undefined) return [];
    return [violation(source.path, index + 1, `${directive} hides an error; mend the type`)];
  });
  return [...anys, ...directives];
}

/** A name of the runtime that only some files may use. */
interface Door {
  readonly name: RegExp;
  /** Whether `path` may. */
  readonly open: (path: string) => boolean;
  readonly instead: string;
}

const DOORS: readonly Door[] = [
  {
    name: /^console(\.|$)/,
    open: () => false,
    instead: "take a Logger (core/log.ts) or a ProcessIo (system/process_io.ts)",
  },
  {
    name: /^Deno\.(listen|connect)/,
    open: (path) =>
      path.startsWith("src/forward/portable/") || path === "src/system/tcp_listener.ts" ||
      path === "src/system/tcp_probe.ts" || path === "src/system/unix_socket.ts" ||
      path === "src/system/tcp_connect.ts" ||
      isTest(path),
    instead: "sockets of the data plane open in src/forward/portable/, others in src/system/",
  },
  {
    name: /^Deno\.serve$/,
    open: (path) => isTest(path),
    instead: "use src/server/http_server.ts, which bounds how slow a peer may be",
  },
  {
    name: /^Deno\.env$/,
    open: (path) => path === "src/system/process_io.ts" || isTest(path),
    instead: "take a ProcessIo (system/process_io.ts) and use its env()",
  },
  {
    // Half a file is what a crash leaves of any other way to write one.
    name: /^Deno\.(open|create(?!HttpClient)|write|rename|copyFile|truncate|link|symlink|makeTemp)/,
    open: (path) =>
      path === "src/system/staged_file.ts" || path === "src/publish/sites/site_file.ts" ||
      path === "src/cli/local_files.ts" || path.startsWith("src/store/") || isTest(path),
    instead: "replace files as a whole with src/system/atomic_file.ts or staged_file.ts",
  },
  {
    name: /^Deno(\.\[…\])?$/,
    open: () => false,
    instead: "name the member that is used, so that these rules can see it",
  },
];

/** Uses, in `src/`, of what another file is there for. */
export function wrongDoors(source: Source): string[] {
  if (!source.path.startsWith("src/")) return [];
  const uses = globalsIn(source).flatMap(({ name, node }) =>
    DOORS.flatMap((door) => {
      if (!door.name.test(name) || door.open(source.path)) return [];
      const text = `${name} is not for this file; ${door.instead}`;
      return [violation(source.path, lineOf(node), text)];
    })
  );
  return [...uses, ...wrongModules(source)];
}

const MODULE_DOORS: readonly Door[] = [
  {
    name: /^node:sqlite$/,
    open: (path) => path.startsWith("src/store/"),
    instead: "only src/store/ speaks SQL; call one of its repositories",
  },
  {
    name: /^node:fs(\/|$)/,
    open: (path) => path === "src/store/filesystem.ts",
    instead: "use the Deno namespace, whose writers these rules see",
  },
];

function wrongModules(source: Source): string[] {
  if (isTest(source.path)) return [];
  return [...nodesOf(parse(source))].flatMap((node) => {
    const target = specifierOf(node);
    if (target === null || !ts.isStringLiteralLike(target)) return [];
    return MODULE_DOORS.flatMap(({ name, open, instead }) => {
      if (!name.test(target.text) || open(source.path)) return [];
      return [violation(source.path, lineOf(target), instead)];
    });
  });
}

/** The one file that may open a native library. */
const NATIVE = "src/forward/linux/native/libc.ts";

/** Native libraries outside `src/` too: scripts and tests have no more need of them. */
export function nativeLibraries(source: Source): string[] {
  if (source.path === NATIVE) return [];
  return globalsIn(source).flatMap(({ name, node }) => {
    if (name !== "Deno.dlopen") return [];
    const text = `Deno.dlopen is not for this file; the table of symbols is ${NATIVE}`;
    return [violation(source.path, lineOf(node), text)];
  });
}
