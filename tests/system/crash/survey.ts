import assert from "node:assert/strict";
import type { Operator } from "../../kit/operator.ts";
import type { Corner } from "./mutations.ts";
import type { State } from "./state.ts";

type Row = Readonly<Record<string, unknown>>;

/** Everything in an operator's corner, as the API shows it. */
export async function survey(operator: Operator, corner: Corner): Promise<State> {
  const { prefix, clientId } = corner;
  const list = async (path: string, mine: (row: Row) => boolean = () => true) =>
    (await get(operator, path) as Row[]).filter(mine);
  const isMine = ({ user_id }: Row) => String(user_id).startsWith(prefix);
  const seen = new Map<string, unknown>();

  for (const { user_id, display_name } of await list("/v1/users", isMine)) {
    seen.set(`user/${user_id}`, { name: display_name });
    for (const it of await list(`/v1/users/${user_id}/credentials`)) {
      const { label, status } = it;
      seen.set(`credential/${it["credential_id"]}`, { user: user_id, label, status });
    }
  }
  for (const { grant_id, user_id } of await list("/v1/grants", isMine)) {
    seen.set(`grant/${grant_id}`, { user: user_id });
  }
  for (const rule of await list("/v1/rules", ({ client_id }) => client_id === clientId)) {
    const { kind } = rule["state"] as { kind: string };
    assert.ok(kind === "pending" || kind === "active", `rule ${rule["id"]} is ${kind}`);
    seen.set(`rule/${rule["id"]}`, {
      owner: rule["owner_user_id"],
      port: rule["listen_port"],
      caps: rule["rate_limit"] ?? null,
    });
  }
  for (const owner of await list(`/v1/clients/${clientId}/owners`)) {
    if (!owner["has_rate_limit"]) continue;
    const path = `/v1/clients/${clientId}/owners/${owner["owner_id"]}/rate-limit`;
    seen.set(`caps/${owner["owner_id"]}`, (await get(operator, path) as Row)["rate_limit"]);
  }
  for (const quota of await list(`/v1/clients/${clientId}/quotas`)) {
    seen.set(`quota/${quota["user_id"]}`, quota["monthly_bytes"]);
  }
  for (const client of await list("/v1/clients", ({ client_id }) => client_id === clientId)) {
    seen.set("client/own", { name: client["client_name"], address: client["client_address"] });
  }
  return seen;
}

async function get(operator: Operator, path: string): Promise<unknown> {
  const { status, body } = await operator.api("GET", path);
  assert.equal(status, 200, `GET ${path}: ${JSON.stringify(body)}`);
  return body;
}
