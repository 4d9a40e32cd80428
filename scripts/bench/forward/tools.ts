/**
 * Programs that the scoreboard is made with, from Debian's packages.
 *
 * @module
 */

import { writeLine } from "../../build/console.ts";

/** Programs, and the packages that bring them. */
const PACKAGES: Readonly<Record<string, string>> = {
  haproxy: "haproxy",
  nginx: "nginx-light",
  socat: "socat",
  iperf3: "iperf3",
  wrk: "wrk",
};

/** Installs what is missing. @throws {Error} naming what to install, where this is not root */
export async function bringTools(): Promise<void> {
  const missing = Object.keys(PACKAGES).filter((name) => !isInstalled(name));
  const packages = missing.map((name) => PACKAGES[name] ?? name);
  if (!exists(STREAM_MODULE)) packages.push("libnginx-mod-stream");
  if (packages.length === 0) return;
  if (Deno.uid() !== 0) throw new Error(`Please install: ${packages.join(" ")}`);
  writeLine(`installing ${packages.join(" ")}`);
  await apt("update", "-qq");
  await apt("install", "-y", "-qq", "--no-install-recommends", ...packages);
}

/** nginx's TCP and UDP proxy, which Debian has in a file of its own. */
export const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

async function apt(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("apt-get", {
    args: [...args],
    // A package that starts its service at once would take ports, and time.
    env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`apt-get ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

const isInstalled = (name: string) =>
  ["/usr/sbin", "/usr/bin", "/usr/local/bin"].some((directory) => exists(`${directory}/${name}`));

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program to its end and returns its stdout. @throws {Error} with its stderr */
export async function run(name: string, ...args: readonly string[]): Promise<string> {
  const output = await new Deno.Command(name, { args: [...args] }).output();
  const text = new TextDecoder();
  if (output.success) return text.decode(output.stdout);
  throw new Error(`${name} ${args.join(" ")}: ${text.decode(output.stderr)}`.slice(0, 500));
}
