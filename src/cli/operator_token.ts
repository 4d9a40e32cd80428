/**
 * Where the commands have their token from. Never from an argument, which every user of the
 * machine can see.
 *
 * @module
 */

import { errorText } from "../core/errors.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { CommandError } from "./command_error.ts";

const VARIABLE = "PORTUNUS_OPERATOR_TOKEN";
const FILE_VARIABLE = "PORTUNUS_OPERATOR_TOKEN_FILE";
/** The name to give to `LoadCredential=` (systemd.exec(5)). */
const CREDENTIAL = "portunus-operator-token";

const UNAUTHENTICATED_EXIT = 4;
const VISIBLE_ASCII = /^[\x20-\x7e]+$/;

/**
 * The token of `PORTUNUS_OPERATOR_TOKEN`, of the file that `PORTUNUS_OPERATOR_TOKEN_FILE` names, or
 * of the systemd credential, in this order. Empty variables are unset.
 *
 * @throws {CommandError} when there is none, or it cannot be read or sent; it is not in the message
 */
export async function operatorToken(io: Pick<ProcessIo, "env">): Promise<string> {
  const { token, source } = await findToken(io);
  // The runtime's own refusal of a header value might show it.
  if (!VISIBLE_ASCII.test(token)) {
    throw new CommandError(`error: http: ${source} cannot be sent in a header`, 1);
  }
  return token;
}

interface Found {
  readonly token: string;
  /** For messages. */
  readonly source: string;
}

async function findToken(io: Pick<ProcessIo, "env">): Promise<Found> {
  const token = io.env(VARIABLE);
  if (token) return { token, source: VARIABLE };
  const file = io.env(FILE_VARIABLE);
  if (file) return await readToken(file, FILE_VARIABLE) ?? unauthenticated(`${file} is not there`);
  const credentials = io.env("CREDENTIALS_DIRECTORY");
  const found = credentials
    ? await readToken(`${credentials}/${CREDENTIAL}`, `credential ${CREDENTIAL}`)
    : null;
  return found ?? unauthenticated(`set ${VARIABLE} or ${FILE_VARIABLE} to an operator token`);
}

/** The token in a file, without the line end that editors leave; `null` when there is no file. */
async function readToken(path: string, source: string): Promise<Found | null> {
  const text = await Deno.readTextFile(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return null;
    return unauthenticated(`cannot read ${path}: ${errorText(error)}`);
  });
  if (text === null) return null;
  const token = text.trim();
  return token === "" ? unauthenticated(`${path} is empty`) : { token, source };
}

function unauthenticated(text: string): never {
  throw new CommandError(`error: unauthenticated (${text})`, UNAUTHENTICATED_EXIT);
}
