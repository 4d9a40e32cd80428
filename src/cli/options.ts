/**
 * Options that several commands share, as they are declared.
 *
 * @module
 */

import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { RATE_LIMIT_FIELDS, type RateLimitName } from "../core/rate_limit.ts";
import { U32_MAX, U64_MAX, unsigned } from "../system/command_line.ts";

/** How the program registers a command; errors become the error line and exit status. */
export type Run = (command: Command, action: (flags: never) => Promise<number> | number) => Command;

/** An argument of the command that runs, as its parser left it. */
export const argument = (command: Command, index: number): string =>
  command.processedArgs[index] as string;

export const ruleId = () =>
  new Argument("<RULE_ID>", "id of the rule").argParser(unsigned(U64_MAX));

export function withGlobals(command: Command): Command {
  return command
    .option("--data-dir <PATH>", "directory of the store, TLS files and server.toml")
    .option(
      "--advertised-endpoint <HOST:PORT>",
      "how clients reach this server, for enrollment URIs",
    );
}

export function withHttp(command: Command): Command {
  return command
    .option("--http-endpoint <HOST:PORT>", "operator API to call", "127.0.0.1:7080")
    .addOption(
      new Option(
        "--endpoint-url <URL>",
        "the same as http://… or https://…, with a path if need be",
      )
        .argParser(parseEndpointUrl).conflicts("httpEndpoint"),
    )
    .option("--ca-file <PATH>", "PEM file of the authorities an https endpoint is checked with");
}

function parseEndpointUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isBare = url !== null && /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === "";
  if (!isBare) throw new InvalidArgumentError("expected http://host or https://host.");
  return url.href.replace(/\/+$/, "");
}

export function withFormat(
  command: Command,
  { choices = ["text", "json"], standard = "text" }: {
    readonly choices?: readonly string[];
    readonly standard?: string;
  } = {},
): Command {
  return command.addOption(
    new Option("--format <FORMAT>", "output format").choices(choices).default(standard),
  );
}

const CAP_TEXTS: Readonly<Record<RateLimitName, string>> = {
  bandwidth_in_bps: "bytes per second from clients to targets",
  bandwidth_out_bps: "bytes per second from targets to clients",
  new_connections_per_sec: "new connections, or UDP flows, per second",
  concurrent_connections: "connections, or UDP flows, at a time",
  bandwidth_in_burst: "bytes that may come at once (default: one second's)",
  bandwidth_out_burst: "bytes that may go at once (default: one second's)",
  new_connections_burst: "connections that may come at once (default: one second's)",
};

/** The seven caps; their values are members of {@linkcode CapFlags}. */
export function withCaps(command: Command): Command {
  for (const { name, bits } of RATE_LIMIT_FIELDS) {
    const flag = `--${name.replaceAll("_", "-")} <N>`;
    command.addOption(
      new Option(flag, CAP_TEXTS[name]).argParser(unsigned(bits === 64 ? U64_MAX : U32_MAX)),
    );
  }
  return command;
}

/** The caps that were given. */
export type CapFlags = {
  readonly [F in typeof RATE_LIMIT_FIELDS[number] as F["member"]]?: bigint;
};

/** The caps that were given, as the API takes them; `null` when there are none. */
export function capsBody(flags: CapFlags): Readonly<Record<string, bigint>> | null {
  const given = RATE_LIMIT_FIELDS.flatMap(({ name, member }) => {
    const value = flags[member];
    return value === undefined ? [] : [[name, value] as const];
  });
  return given.length === 0 ? null : Object.fromEntries(given);
}
