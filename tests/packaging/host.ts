/**
 * A host to install on: a root directory of its own, programs that only know their version, and a
 * systemd that writes down what it was told.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { tarGz } from "../../scripts/build/archive.ts";
import { ROOT } from "../../scripts/build/project.ts";
import { type CommandResult, runToEnd } from "../kit/command.ts";

const INSTALLER = `${ROOT}scripts/packaging/install.sh`;
const TARGETS: Readonly<Record<string, string>> = {
  "x86_64-linux": "x86_64-unknown-linux-gnu",
  "aarch64-linux": "aarch64-unknown-linux-gnu",
  "x86_64-darwin": "x86_64-apple-darwin",
  "aarch64-darwin": "aarch64-apple-darwin",
};

/** What a release for this machine is called. */
export const TARGET: string = TARGETS[`${Deno.build.arch}-${Deno.build.os}`] ?? Deno.build.target;

/** Prints a version; the server also makes a backup, and the client takes an enrollment URI. */
const program = (name: string, version: string) =>
  `#!/bin/sh
case "$*" in
  --version) echo "${name} ${version}" ;;
  *" backup --out "*) for last; do :; done; echo copy >"$last" ;;
  "enroll - --out "*) read -r uri; echo "{\\"uri\\": \\"$uri\\"}" >"$4" ;;
  *) exit 9 ;;
esac
`;

const SYSTEMCTL = `#!/bin/sh
echo "$*" >>"$PORTUNUS_TEST_CONFIG_ROOT/systemctl.log"
case "$1" in
  is-active) [ -f "$PORTUNUS_TEST_CONFIG_ROOT/running" ] ;;
  enable) touch "$PORTUNUS_TEST_CONFIG_ROOT/running" ;;
  disable) rm -f "$PORTUNUS_TEST_CONFIG_ROOT/running" ;;
  reload) [ ! -f "$PORTUNUS_TEST_CONFIG_ROOT/alone" ] ;;
  restart)
    [ ! -f "$PORTUNUS_TEST_CONFIG_ROOT/broken" ] || { rm "$PORTUNUS_TEST_CONFIG_ROOT/broken"; exit 1; }
    ;;
esac
`;

export class Host implements AsyncDisposable {
  private constructor(readonly dir: string, readonly shell: readonly string[]) {}

  /** @param shell that runs the installer */
  static async open(shell: readonly string[]): Promise<Host> {
    const host = new Host(await Deno.makeTempDir({ prefix: "portunus-host-" }), shell);
    await Deno.mkdir(host.path("/run/systemd/system"), { recursive: true });
    await Deno.mkdir(host.path("/tools"));
    await Deno.writeTextFile(host.path("/tools/systemctl"), SYSTEMCTL, { mode: 0o755 });
    return host;
  }

  path(name: string): string {
    return `${this.dir}${name}`;
  }

  async read(name: string): Promise<string> {
    return await Deno.readTextFile(this.path(name));
  }

  async has(name: string): Promise<boolean> {
    return await Deno.lstat(this.path(name)).then(() => true, () => false);
  }

  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(this.path(name), text);
  }

  /** What systemctl was told since the last time. */
  async told(): Promise<string[]> {
    const log = this.path("/systemctl.log");
    const text = await Deno.readTextFile(log).catch(() => "");
    await Deno.remove(log).catch(() => undefined);
    return text.split("\n").filter((line) => line !== "");
  }

  /** A directory with a release; returns its path. */
  async release(version: string): Promise<string> {
    const directory = this.path(`/release-${version}`);
    await Deno.mkdir(directory);
    const base = `portunus-${version}-${TARGET}`;
    const data = (name: string) => new TextEncoder().encode(program(name, version));
    const archive = await tarGz(
      ["portunus-server", "portunus-client"].map((name) => ({
        path: `${base}/${name}`,
        data: data(name),
        executable: true,
      })),
    );
    await Deno.writeFile(`${directory}/${base}.tar.gz`, archive);
    const sum = createHash("sha256").update(archive).digest("hex");
    await Deno.writeTextFile(
      `${directory}/portunus-${version}-checksums.txt`,
      `${"0".repeat(64)}  portunus-${version}-another.tar.gz\n${sum}  ${base}.tar.gz\n`,
    );
    return directory;
  }

  /** Runs the installer on this host. */
  run(args: readonly string[], input = ""): Promise<CommandResult> {
    return runToEnd([...this.shell, INSTALLER, ...args], {
      env: {
        PATH: `${this.path("/tools")}:/usr/sbin:/usr/bin:/sbin:/bin`,
        PORTUNUS_TEST_CONFIG_ROOT: this.dir,
      },
      input,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}
