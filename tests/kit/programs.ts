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

/**
 * The programs from source, with the permissions that the binaries have.
 *
 * @param preload a module of this folder that comes first, with its query
 */
export function sourcePrograms({ preload }: { readonly preload?: string } = {}): Programs {
  const run = (name: "server" | "client") => [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    ...MEMORY_FLAGS[name],
    ...PERMISSIONS[name],
    ...(preload === undefined ? [] : ["--preload", new URL(preload, import.meta.url).href]),
    sourcePath(name),
  ];
  return { server: run("server"), client: run("client"), env: denoEnvironment() };
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
