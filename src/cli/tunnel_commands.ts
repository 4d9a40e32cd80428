/**
 * `tunnel-add`, `tunnel-list`, `tunnel-remove`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { PORT_MAX } from "../core/ports.ts";
import { PROXY_VERSIONS } from "../core/rule.ts";
import { ACCESS_MODES, TUNNEL_KINDS } from "../core/tunnel.ts";
import { unsigned } from "../system/command_line.ts";
import type { ProcessIo } from "../system/process_io.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { argument, type Run, withFormat, withHttp } from "./options.ts";
import type { TunnelAddFlags } from "./tunnels.ts";

export function addTunnelCommands(program: Command, run: Run, io: ProcessIo): void {
  const command = (name: string, description: string) =>
    withHttp(program.command(name).description(description));
  const load = () => import("./tunnels.ts");

  const add = withFormat(
    command("tunnel-add", "Lead a host name to a target behind a client; prints the tunnel's id"),
  )
    .argument("<CLIENT>", "display name or id of the client")
    .argument("<TARGET>", "host:port, as the client reaches it")
    .addOption(
      new Option("--subdomain <LABEL>", "the name below the server's domain").conflicts("fqdn"),
    )
    .option("--fqdn <NAME>", "the full name")
    .addOption(
      new Option("--kind <KIND>", "where TLS ends: at the target, or at the server")
        .choices([...TUNNEL_KINDS]).default("passthrough"),
    )
    .addOption(
      new Option("--listen-port <PORT>", "the client's port (default: 443, or one that is free)")
        .argParser(unsigned(BigInt(PORT_MAX))),
    )
    .addOption(
      new Option("--proxy-protocol <VERSION>", "header that tells the target who connects")
        .choices([...PROXY_VERSIONS]),
    )
    .addOption(
      new Option("--access <MODE>", "whom a terminate tunnel lets in (default: restricted)")
        .choices([...ACCESS_MODES]),
    )
    .option("--allow <USER_ID...>", "users that restricted access lets in")
    .option("--description <TEXT>", "what it is for");
  run(
    add,
    async (flags: Omit<TunnelAddFlags, "client" | "target">) =>
      (await load()).addTunnel(
        { ...flags, client: argument(add, 0), target: argument(add, 1) },
        io,
      ),
  );

  const list = withFormat(command("tunnel-list", "List tunnels, the newest first"));
  run(list, async (flags: HttpFlags & FormatFlags) => (await load()).listTunnels(flags, io));

  const remove = command("tunnel-remove", "Remove a tunnel with its rule")
    .argument("<TUNNEL>", "id or full name of the tunnel");
  run(
    remove,
    async (flags: HttpFlags) =>
      (await load()).removeTunnel({ ...flags, tunnel: argument(remove, 0) }, io),
  );
}
