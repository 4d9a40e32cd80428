import { join } from "node:path";

export interface DataDirOptions {
  /** Value of `--data-dir`. */
  readonly flag: string | undefined;
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
}

/**
 * Where a server keeps its state: the first of `--data-dir`, `$STATE_DIRECTORY` (set by systemd),
 * `$XDG_STATE_HOME/portunus`, `$HOME/.local/state/portunus`, `./portunus.state`. Empty values
 * count as unset.
 */
export function resolveDataDir({ flag, env }: DataDirOptions): string {
  const given = flag || env("STATE_DIRECTORY");
  if (given) return given;
  const xdg = env("XDG_STATE_HOME");
  if (xdg) return join(xdg, "portunus");
  const home = env("HOME");
  return home ? join(home, ".local/state/portunus") : "./portunus.state";
}
