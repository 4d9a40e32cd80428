/**
 * Where the client's files are: the credential bundle, and what it was last told to do.
 *
 * @module
 */

/** Reads one environment variable; empty counts as unset. */
export type Env = (name: string) => string | undefined;

const FILE = "portunus/client.bundle.json";
const LOCAL = "./client.bundle.json";

const present = (value: string | undefined): value is string => value !== undefined && value !== "";

/** Places that are searched when no `--bundle` is given, in order. */
export function bundleCandidates(env: Env): string[] {
  const [explicit, xdg, home] = ["PORTUNUS_CLIENT_BUNDLE", "XDG_CONFIG_HOME", "HOME"].map(env);
  return [
    ...(present(explicit) ? [explicit] : []),
    ...(present(xdg) ? [`${xdg}/${FILE}`] : []),
    ...(present(home) ? [`${home}/.config/${FILE}`] : []),
    LOCAL,
  ];
}

/** Where `enroll` writes when no `--out` is given. */
export function defaultBundlePath(env: Env): string {
  const [xdg, home] = ["XDG_CONFIG_HOME", "HOME"].map(env);
  if (present(xdg)) return `${xdg}/${FILE}`;
  return present(home) ? `${home}/.config/${FILE}` : LOCAL;
}

/**
 * Where a client keeps what it was last told to do: in `$STATE_DIRECTORY` (set by systemd), else
 * beside its bundle.
 */
export function defaultStatePath(bundlePath: string, env: Env): string {
  const directory = env("STATE_DIRECTORY");
  if (present(directory)) return `${directory}/client.state.json`;
  return `${bundlePath.replace(/\.json$/, "")}.state.json`;
}

/**
 * Where a client that is to take this one's place finds it: in `$RUNTIME_DIRECTORY` (set by
 * systemd), else beside the file that keeps its rules.
 */
export function defaultSuccessionPath(statePath: string, env: Env): string {
  const directory = env("RUNTIME_DIRECTORY");
  if (present(directory)) return `${directory}/client.sock`;
  return `${statePath.replace(/\.json$/, "")}.sock`;
}

/** The path to load, or every path that was tried. An explicit path is used even if it is missing. */
export function resolveBundlePath(options: {
  readonly explicit: string | undefined;
  readonly env: Env;
  readonly isFile: (path: string) => boolean;
}): { readonly path: string } | { readonly attempted: string[] } {
  if (options.explicit !== undefined) return { path: options.explicit };
  const attempted = bundleCandidates(options.env);
  const path = attempted.find(options.isFile);
  return path === undefined ? { attempted } : { path };
}
