/**
 * `enroll-client`, `list-clients`, `revoke`, `rename-client`, `client-address`, `client-delete`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { ENROLLMENT } from "../core/limits.ts";
import { U64_MAX, unsigned } from "../system/command_line.ts";
import type { ProcessIo } from "../system/process_io.ts";
import type { ClientChangeFlags } from "./clients.ts";
import type { FormatFlags, GlobalFlags, HttpFlags } from "./flags.ts";
import type { RenameClientFlags } from "./local.ts";
import { argument, type Run, withFormat, withHttp } from "./options.ts";

export function addClientCommands(program: Command, run: Run, io: ProcessIo): void {
  addLocalCommands(program, run, io);
  addHttpCommands(program, run, io);
}

function addLocalCommands(program: Command, run: Run, io: ProcessIo): void {
  const enroll = program.command("enroll-client")
    .description("Create a one-time enrollment for a new client (the server must be stopped)")
    .argument("<NAME>", "display name of the client")
    .option(
      "--address <HOST>",
      "where the client is reached, for people: an IP address or host name",
    )
    .addOption(
      new Option("--ttl-secs <N>", "how long the code can be used").argParser(unsigned(U64_MAX))
        .default(BigInt(ENROLLMENT.ttlDefaultSecs), String(ENROLLMENT.ttlDefaultSecs)),
    );
  run(
    enroll,
    async (flags: GlobalFlags & { address?: string; ttlSecs: bigint }) =>
      (await import("./local.ts")).enrollClient({ ...flags, name: argument(enroll, 0) }, io),
  );

  const revoke = program.command("revoke")
    .description("Revoke every client of this name (the server must be stopped)")
    .argument("<NAME>", "display name of the client");
  run(
    revoke,
    async (flags: GlobalFlags) =>
      (await import("./local.ts")).revokeClient({ ...flags, name: argument(revoke, 0) }, io),
  );

  const rename = program.command("rename-client")
    .description("Give a client another display name (the server must be stopped)")
    .requiredOption("--client-id <ULID>", "id of the client")
    .requiredOption("--name <DISPLAY>", "its new display name");
  run(
    rename,
    async (flags: RenameClientFlags) => (await import("./local.ts")).renameClient(flags, io),
  );
}

function addHttpCommands(program: Command, run: Run, io: ProcessIo): void {
  const list = withHttp(
    withFormat(program.command("list-clients").description("List the clients")),
  );
  run(
    list,
    async (flags: HttpFlags & FormatFlags) => (await import("./clients.ts")).listClients(flags, io),
  );

  const address = withHttp(
    program.command("client-address")
      .description("Say where people reach a client")
      .argument("<CLIENT>", "display name or id of the client")
      .argument("<HOST>", "an IP address or host name"),
  );
  run(
    address,
    async (flags: ClientChangeFlags) =>
      (await import("./clients.ts")).setClientAddress({
        ...flags,
        client: argument(address, 0),
        address: argument(address, 1),
      }, io),
  );

  const remove = withHttp(
    program.command("client-delete")
      .description("Take a revoked client off the list")
      .argument("<CLIENT>", "display name or id of the client"),
  );
  run(
    remove,
    async (flags: ClientChangeFlags) =>
      (await import("./clients.ts")).deleteClient({ ...flags, client: argument(remove, 0) }, io),
  );
}
