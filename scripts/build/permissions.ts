/**
 * What each program may do. Baked into both kinds of binaries, and given to the programs when
 * tests run them from source, so that a missing permission shows there first.
 *
 * @module
 */

/** Variables that the client reads. */
const ENVIRONMENT = [
  "PORTUNUS_*",
  "XDG_*",
  "HOME",
  "RUST_LOG",
  // systemd, to whom a service says that it works
  "NOTIFY_SOCKET",
  "WATCHDOG_PID",
  "WATCHDOG_USEC",
  // commander: whether its messages may have colours.
  "NO_COLOR",
  "FORCE_COLOR",
  "CLICOLOR_FORCE",
  // @grpc/grpc-js: read when it is imported and when a channel opens; denied, they would throw.
  "GRPC_*",
  "grpc_proxy",
  "https_proxy",
  "http_proxy",
  "no_grpc_proxy",
  "no_proxy",
  // @bufbuild/protobuf
  "BUF_BIGINT_DISABLE",
];

/**
 * Deno permission flags of each program. None lets it start processes; the client alone may load a
 * library, which is libc for its data plane. Deno has no way to allow one that is found by name but
 * all of them, and a Worker gets what the program has.
 */
export const PERMISSIONS: Readonly<Record<"server" | "client", readonly string[]>> = {
  // `[backend]` of `server.toml` names variables of the operator's choice.
  server: permissions(null, ["hostname", "statfs"]),
  client: [
    ...permissions(["STATE_DIRECTORY", "RUNTIME_DIRECTORY", "TMPDIR"], [
      "hostname",
      "networkInterfaces",
    ]),
    "--allow-ffi",
  ],
};

/**
 * Addresses and paths are the operator's choice (rules, `--data-dir`, `server.toml`), so `net`,
 * `read` and `write` have no list. `hostname` is what @grpc/grpc-js asks of `node:os`;
 * with `networkInterfaces` UDP replies leave from the address that was asked.
 */
function permissions(env: readonly string[] | null, sys: readonly string[]): readonly string[] {
  return [
    "--allow-net",
    "--allow-read",
    "--allow-write",
    env === null ? "--allow-env" : `--allow-env=${[...env, ...ENVIRONMENT].join()}`,
    `--allow-sys=${sys.join()}`,
  ];
}
