/**
 * `user-*`, `grant-*` and `credential-*`: thin commands that send one request each and print what
 * comes back.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { type Json, sortKeys, stringifyJson } from "../core/json.ts";
import { markRepeatable, U16_MAX, unsigned } from "../system/command_line.ts";
import { firstLine, type ProcessIo } from "../system/process_io.ts";
import type { HttpFlags } from "./flags.ts";
import { apiPath } from "./api_path.ts";
import type { ApiRequest } from "./http_client.ts";
import { type Run, withFormat, withHttp } from "./options.ts";

export function addOperatorCommands(program: Command, run: Run, io: ProcessIo): void {
  /** A command whose arguments and options make a request. */
  const add = <Flags>(
    command: Command,
    request: (args: readonly string[], flags: Flags) => ApiRequest | Promise<ApiRequest>,
  ) => {
    run(withOutput(command), async (flags: HttpFlags & { format: string } & Flags) => {
      const sent = await request(command.processedArgs as string[], flags);
      const { callApi } = await import("./http_client.ts");
      const body = await callApi({ flags, family: "user", io }, sent);
      if (body !== null) io.out(await textOf(body, flags.format));
      return 0;
    });
  };
  addUserCommands(program, add, io);
  addGrantCommands(program, add);
  addCredentialCommands(program, add);
}

async function textOf(body: Json, format: string): Promise<string> {
  if (format !== "table") return stringifyJson(sortKeys(body), 2);
  return (await import("./table.ts")).jsonTable(body);
}

type Add = <Flags>(
  command: Command,
  request: (args: readonly string[], flags: Flags) => ApiRequest | Promise<ApiRequest>,
) => void;

/** `text` prints the same as `json`, as 3.1.0 does; a table is for people. */
function withOutput(command: Command): Command {
  return withFormat(withHttp(command), { choices: ["text", "json", "table"], standard: "json" });
}

function addUserCommands(program: Command, add: Add, io: ProcessIo): void {
  add(
    program.command("user-add").description("Create a user")
      .argument("<USER_ID>", "id of the user")
      .requiredOption("--display-name <NAME>", "what to call them")
      .option("--role <ROLE>", "user or superadmin", "user")
      .option("--password-stdin", "read a password for the Web UI from the first line of stdin"),
    async ([userId = ""], flags: { displayName: string; role: string; passwordStdin?: true }) => ({
      method: "POST",
      path: "/users",
      body: {
        user_id: userId,
        display_name: flags.displayName,
        role: flags.role === "admin" ? "superadmin" : flags.role,
        ...(flags.passwordStdin ? { initial_password: await firstLine(io) } : {}),
      },
    }),
  );
  add(
    program.command("user-list").description("List the users"),
    () => ({ method: "GET", path: "/users" }),
  );
  add(
    program.command("user-get").description("Show a user").argument("<USER_ID>", "id of the user"),
    ([userId = ""]) => ({ method: "GET", path: apiPath`/users/${userId}` }),
  );
  add(
    program.command("user-remove")
      .description("Remove a user with their grants, credentials and rules")
      .argument("<USER_ID>", "id of the user"),
    ([userId = ""]) => ({ method: "DELETE", path: apiPath`/users/${userId}` }),
  );
}

interface GrantFlags {
  readonly userId: string;
  readonly client: string;
  readonly listenPortStart: bigint;
  readonly listenPortEnd: bigint;
  readonly protocols?: readonly string[];
  readonly note?: string;
}

function addGrantCommands(program: Command, add: Add): void {
  const port = (flags: string, description: string) =>
    new Option(flags, description).argParser(unsigned(U16_MAX)).makeOptionMandatory();
  add(
    program.command("grant-add").description("Let a user listen on ports of a client")
      .requiredOption("--user-id <ID>", "id of the user")
      .requiredOption("--client <NAME>", "display name of the client, or * for all")
      .addOption(port("--listen-port-start <PORT>", "first port"))
      .addOption(port("--listen-port-end <PORT>", "last port"))
      .addOption(markRepeatable(
        new Option("--protocols <LIST>", "tcp, udp or both, with commas (default tcp)")
          .argParser(splitList),
      ))
      .option("--note <TEXT>", "why"),
    (_args, flags: GrantFlags) => ({
      method: "POST",
      path: "/grants",
      body: {
        user_id: flags.userId,
        client: flags.client,
        listen_port_start: flags.listenPortStart,
        listen_port_end: flags.listenPortEnd,
        protocols: [...(flags.protocols ?? ["tcp"])],
        ...(flags.note === undefined ? {} : { note: flags.note }),
      },
    }),
  );
  add(
    program.command("grant-list").description("List the grants")
      .option("--user-id <ID>", "only grants of this user"),
    (_args, { userId }: { userId?: string }) => ({
      method: "GET",
      path: userId === undefined ? "/grants" : apiPath`/grants?user_id=${userId}`,
    }),
  );
  add(
    program.command("grant-revoke")
      .description("Revoke a grant, and remove the rules that no other grant covers")
      .argument("<GRANT_ID>", "id of the grant"),
    ([grantId = ""]) => ({ method: "DELETE", path: apiPath`/grants/${grantId}` }),
  );
}

function addCredentialCommands(program: Command, add: Add): void {
  const ofUser = (name: string, description: string) =>
    program.command(name).description(description).argument("<USER_ID>", "id of the user");
  const ofCredential = (name: string, description: string) =>
    ofUser(name, description).argument("<CREDENTIAL_ID>", "id of the credential");
  const labelled = (command: Command) =>
    command.option("--label <TEXT>", "what the credential is for");

  add(
    labelled(ofUser("credential-issue", "Make an API token for a user and print it, once")),
    ([userId = ""], flags: LabelFlags) => ({
      method: "POST",
      path: apiPath`/users/${userId}/credentials`,
      body: labelBody(flags),
    }),
  );
  add(
    ofUser("credential-list", "List the API credentials of a user"),
    ([userId = ""]) => ({ method: "GET", path: apiPath`/users/${userId}/credentials` }),
  );
  add(
    ofCredential("credential-revoke", "Revoke an API credential of a user"),
    ([userId = "", id = ""]) => ({
      method: "DELETE",
      path: apiPath`/users/${userId}/credentials/${id}`,
    }),
  );
  add(
    labelled(ofCredential("credential-rotate", "Replace an API credential of a user")),
    ([userId = "", id = ""], flags: LabelFlags) => ({
      method: "POST",
      path: apiPath`/users/${userId}/credentials/${id}/rotate`,
      body: labelBody(flags),
    }),
  );
}

interface LabelFlags {
  readonly label?: string;
}

const labelBody = ({ label }: LabelFlags): Json => label === undefined ? {} : { label };

/** Options given several times add up. */
const splitList = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(","),
];
