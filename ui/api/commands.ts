/**
 * Requests as commands to paste into a shell. Tokens are not part of them: both ways read
 * `PORTUNUS_OPERATOR_TOKEN`.
 *
 * @module
 */

import { type OperationName, type Request, urlOf } from "./client.ts";

/** Where `portunus-server` looks without being told. */
const DEFAULT_ORIGIN = "http://127.0.0.1:7080";

/** A word that a POSIX shell reads as `text`. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line of `portunus-server` that talks to the server at `origin`. */
export function cliCommand(args: readonly string[], origin: string = location.origin): string {
  const endpoint = origin === DEFAULT_ORIGIN ? [] : ["--endpoint-url", origin];
  return ["portunus-server", ...args, ...endpoint].map(shellWord).join(" ");
}

/** The command line of curl that makes the request. */
export function curlCommand<K extends OperationName>(
  operation: K,
  request: Request<K>,
  origin: string = location.origin,
): string {
  const { path, query, body } = request as Parameters<typeof urlOf>[1] & {
    readonly path?: Parameters<typeof urlOf>[1];
    readonly query?: Parameters<typeof urlOf>[2];
    readonly body?: unknown;
  };
  const [method = "GET", template = "/"] = operation.split(" ");
  return [
    method === "GET" ? "curl -fsS" : `curl -fsS -X ${method}`,
    shellWord(`${origin}${urlOf(template, path, query)}`),
    `-H "Authorization: Bearer $PORTUNUS_OPERATOR_TOKEN"`,
    ...(body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${shellWord(JSON.stringify(body))}`]),
  ].join(" \\\n  ");
}
