import { MEMORY_FLAGS } from "../../scripts/build/memory_flags.ts";
import { PERMISSIONS } from "../../scripts/build/permissions.ts";

/** How to start the two programs. */
export interface Programs {
  readonly server: readonly string[];
  readonly client: readonly string[];
  /** Environment they need to start at all. */
  readonly env: Readonly<Record<string, string>>;
}

const sourcePath = (name: string) => new URL(`../../src/${name}/main.ts`, import.meta.url).pathname;

export interface SourceOptions {
  /** A module that comes first, with its query: of this folder, or any by its whole address. */
  readonly preload?: string;
  readonly v8Flags?: readonly string[];
}

/** The programs from source, with the permissions that the binaries have. */
export function sourcePrograms({ preload, v8Flags = [] }: SourceOptions = {}): Programs {
  const run = (name: "server" | "client") => [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    ...withV8Flags(MEMORY_FLAGS[name], v8Flags),
    ...PERMISSIONS[name],
    ...(preload === undefined ? [] : ["--preload", new URL(preload, import.meta.url).href]),
    sourcePath(name),
  ];
  return { server: run("server"), client: run("client"), env: denoEnvironment() };
}

/** Deno takes the option once. */
function withV8Flags(flags: readonly string[], more: readonly string[]): readonly string[] {
  const prefix = "--v8-flags=";
  const all = [...flags.map((flag) => flag.slice(prefix.length)), ...more];
  return all.length === 0 ? [] : [prefix + all.join(",")];
}

/**
 * Lets Deno find its cache although the lab has another home directory, and keeps it from asking
 * for newer versions of itself: a test's name server sees all that is asked.
 */
function denoEnvironment(): Record<string, string> {
  const home = Deno.env.get("HOME") ?? "";
  return {
    DENO_DIR: Deno.env.get("DENO_DIR") ?? `${home}/.cache/deno`,
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
  };
}
