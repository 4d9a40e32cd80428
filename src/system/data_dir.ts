/**
 * Where a server keeps its state: the first of `--data-dir`, `$STATE_DIRECTORY` (systemd),
 * `$XDG_STATE_HOME/portunus`, `$HOME/.local/state/portunus`, `./portunus.state`. Empty variables
 * count as unset.
 */
export function resolveDataDir(
  { flag, env }: {
    readonly flag: string | undefined;
    readonly env: (name: string) => string | undefined;
  },
): string {
  const [state, xdg, home] = ["STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"].map((name) =>
    env(name) || undefined
  );
  if (flag !== undefined) return flag;
  if (state !== undefined) return state;
  if (xdg !== undefined) return `${xdg}/portunus`;
  return home !== undefined ? `${home}/.local/state/portunus` : "./portunus.state";
}
