import { parseUlid } from "../core/ids.ts";
import { ClientsAnswer } from "./answers.ts";
import { CommandError } from "./command_error.ts";
import { type ApiOptions, fetchAnswer } from "./http_client.ts";

const AMBIGUOUS_EXIT = 3;
const NOT_FOUND_EXIT = 8;

/**
 * The id of a client: `client` itself if it can be one, else that of the only client of this name.
 *
 * @throws {CommandError} exit 8 when there is no such client, 3 when there are several
 */
export async function resolveClient(api: ApiOptions, client: string): Promise<string> {
  if (parseUlid(client) !== null) return client;
  const clients = await fetchAnswer(api, { method: "GET", path: "/clients" }, ClientsAnswer);
  const [found, ...others] = clients.filter(({ client_name: name }) => name === client);
  if (found === undefined) {
    throw new CommandError(
      `error: client_not_found (no client is called "${client}")`,
      NOT_FOUND_EXIT,
    );
  }
  if (others.length > 0) {
    const ids = [found, ...others].map(({ client_id: id }) => id).join(", ");
    throw new CommandError(
      `error: ambiguous_client_name (several clients are called "${client}": ${ids})`,
      AMBIGUOUS_EXIT,
    );
  }
  return found.client_id;
}
