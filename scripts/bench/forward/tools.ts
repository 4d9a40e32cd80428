/**
 * Programs that the scoreboard is made with, from Debian's packages.
 *
 * @module
 */

import { bringFiles, type Needed } from "../../build/debian.ts";

/** nginx's TCP and UDP proxy, which Debian has in a file of its own. */
export const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

const NEEDED: readonly Needed[] = [
  { file: "/usr/sbin/haproxy", package: "haproxy" },
  { file: "/usr/sbin/nginx", package: "nginx-light" },
  { file: STREAM_MODULE, package: "libnginx-mod-stream" },
  { file: "/usr/bin/openssl", package: "openssl" },
  { file: "/usr/bin/socat", package: "socat" },
  { file: "/usr/bin/iperf3", package: "iperf3" },
  { file: "/usr/bin/wrk", package: "wrk" },
];

/** Installs what is missing. @throws {Error} naming what to install, where this is not root */
export const bringTools = (): Promise<void> => bringFiles(NEEDED);

/** Runs a program to its end and returns its stdout. @throws {Error} with its stderr */
export async function run(name: string, ...args: readonly string[]): Promise<string> {
  const output = await new Deno.Command(name, { args: [...args] }).output();
  const text = new TextDecoder();
  if (output.success) return text.decode(output.stdout);
  throw new Error(`${name} ${args.join(" ")}: ${text.decode(output.stderr)}`.slice(0, 500));
}
