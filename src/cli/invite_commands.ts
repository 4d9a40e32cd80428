/**
 * `invite-*`: accounts that are offered to somebody.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import { type Json, sortKeys, stringifyJson } from "../core/json.ts";
import { markRepeatable, U16_MAX, unsigned } from "../system/command_line.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { apiPath } from "./api_path.ts";
import type { HttpFlags } from "./flags.ts";
import type { ApiRequest } from "./http_client.ts";
import { argument, type Run, withFormat, withHttp } from "./options.ts";

type Flags = HttpFlags & { readonly format: string };

interface InviteFlags extends Flags {
  readonly displayName?: string;
  readonly email?: string;
  readonly role: string;
  readonly grant?: readonly Json[];
  readonly expiresInDays?: bigint;
}

export function addInviteCommands(program: Command, run: Run, io: ProcessIo): void {
  const send = async (flags: Flags, request: ApiRequest) => {
    const { callApi } = await import("./http_client.ts");
    const body = await callApi({ flags, family: "publish", io }, request);
    if (body !== null) io.out(await textOf(body, flags.format));
    return 0;
  };
  const withOutput = (command: Command) =>
    withFormat(withHttp(command), { choices: ["json", "table"], standard: "json" });

  const add = withOutput(
    program.command("invite-add")
      .description("Offer somebody an account and print the link, once")
      .argument("<USER_ID>", "id of the user to be")
      .option("--display-name <NAME>", "what to call them (default the id)")
      .option("--email <ADDRESS>", "their address; nothing is sent to it")
      .option("--role <ROLE>", "user or superadmin", "user")
      .addOption(markRepeatable(
        new Option("--grant <CLIENT:PORTS>", "what they may forward, as edge-01:8000-8010/tcp,udp")
          .argParser((text, before: readonly Json[] = []) => [...before, grantOf(text)]),
      ))
      .addOption(
        new Option("--expires-in-days <DAYS>", "1 to 30 (default 7)").argParser(unsigned(U16_MAX)),
      ),
  );
  run(add, (flags: InviteFlags) =>
    send(flags, {
      method: "POST",
      path: "/invitations",
      body: {
        user_id: argument(add, 0),
        role: flags.role,
        ...(flags.displayName === undefined ? {} : { display_name: flags.displayName }),
        ...(flags.email === undefined ? {} : { email: flags.email }),
        ...(flags.grant === undefined ? {} : { grants: [...flags.grant] }),
        ...(flags.expiresInDays === undefined ? {} : { expires_in_days: flags.expiresInDays }),
      },
    }));

  const list = withOutput(program.command("invite-list").description("List the invitations"));
  run(list, (flags: Flags) => send(flags, { method: "GET", path: "/invitations" }));

  const revoke = withOutput(
    program.command("invite-revoke").description("Void an invitation")
      .argument("<INVITATION_ID>", "id of the invitation"),
  );
  run(
    revoke,
    (flags: Flags) =>
      send(flags, { method: "DELETE", path: apiPath`/invitations/${argument(revoke, 0)}` }),
  );
}

async function textOf(body: Json, format: string): Promise<string> {
  if (format !== "table") return stringifyJson(sortKeys(body), 2);
  return (await import("./table.ts")).jsonTable(body);
}

/** Reads `client:port[-port][/protocols]`. A client's name may have colons in it. */
function grantOf(text: string): Json {
  const match = /^(.+):(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z,]+))?$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError("expected CLIENT:PORT[-PORT][/PROTOCOLS].");
  }
  const [, client = "", start = "", end = start, protocols = "tcp"] = match;
  return {
    client,
    listen_port_start: Number(start),
    listen_port_end: Number(end),
    protocols: protocols.split(","),
  };
}
