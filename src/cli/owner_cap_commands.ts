/**
 * `owner-cap list|get|set|delete`.
 *
 * @module
 */

import type { Command } from "commander";
import type { ProcessIo } from "../system/process_io.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import {
  argument,
  type CapFlags,
  type Run,
  withCaps,
  withFormat,
  withGlobals,
  withHttp,
} from "./options.ts";

export function addOwnerCapCommands(program: Command, run: Run, io: ProcessIo): void {
  const caps = withGlobals(
    program.command("owner-cap")
      .description("What an owner's rules may use on a client, all together"),
  );
  const onClient = (name: string, description: string) =>
    withHttp(
      caps.command(name).description(description)
        .argument("<CLIENT>", "display name or id of the client"),
    );
  const ofOwner = (name: string, description: string) =>
    onClient(name, description).argument("<OWNER>", "id of the user");
  const load = () => import("./owner_caps.ts");

  const list = withFormat(onClient("list", "List who has rules or caps on a client"));
  run(
    list,
    async (flags: HttpFlags & FormatFlags) =>
      (await load()).listOwners({ ...flags, client: argument(list, 0) }, io),
  );

  const get = withFormat(ofOwner("get", "Show the caps of an owner"));
  run(
    get,
    async (flags: HttpFlags & FormatFlags) =>
      (await load()).getOwnerCap({
        ...flags,
        client: argument(get, 0),
        owner: argument(get, 1),
      }, io),
  );

  const set = withCaps(ofOwner("set", "Set the caps of an owner; those not given are lifted"));
  run(
    set,
    async (flags: HttpFlags & CapFlags) =>
      (await load()).setOwnerCap({
        ...flags,
        client: argument(set, 0),
        owner: argument(set, 1),
      }, io),
  );

  const remove = ofOwner("delete", "Lift the caps of an owner");
  run(
    remove,
    async (flags: HttpFlags) =>
      (await load()).deleteOwnerCap({
        ...flags,
        client: argument(remove, 0),
        owner: argument(remove, 1),
      }, io),
  );
}
