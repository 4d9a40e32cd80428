import { join } from "node:path";

export interface DataDirOptions {
  /** Value of `--data-dir`. */
  readonly flag: string | undefined;
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
}

/** A directory, and what named it: a flag, a variable, or `default`. */
export interface LocatedDataDir {
  readonly path: string;
  readonly source: string;
}

/**
 * Where a server keeps its state: the first of `--data-dir`, `$STATE_DIRECTORY` (set by systemd),
 * `$XDG_STATE_HOME/portunus`, `$HOME/.local/state/portunus`, `./portunus.state`. Empty values
 * count as unset.
 */
export function locateDataDir({ flag, env }: DataDirOptions): LocatedDataDir {
  if (flag) return { path: flag, source: "--data-dir" };
  const given = env("STATE_DIRECTORY");
  if (given) return { path: given, source: "STATE_DIRECTORY" };
  const xdg = env("XDG_STATE_HOME");
  if (xdg) return { path: join(xdg, "portunus"), source: "XDG_STATE_HOME" };
  const home = env("HOME");
  if (home) return { path: join(home, ".local/state/portunus"), source: "HOME" };
  return { path: "./portunus.state", source: "default" };
}

/** The path of {@linkcode locateDataDir}. */
export const resolveDataDir = (options: DataDirOptions): string => locateDataDir(options).path;
