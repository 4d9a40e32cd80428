import assert from "node:assert/strict";
import type { Lab } from "./lab.ts";
import { Operator } from "./operator.ts";

/** A user with rules, and where the API has her limits on `edge-01`. */
export interface Tenant {
  readonly alice: Operator;
  readonly quota: string;
  readonly caps: string;
}

/** Makes a user who may forward TCP on `edge-01` and has a quota there. */
export async function tenant(
  lab: Lab,
  admin: Operator,
  monthlyBytes: number,
): Promise<Tenant> {
  const call = async (method: string, path: string, body: unknown, status: number) => {
    const answer = await admin.api(method, path, body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    return answer.body;
  };
  await call("POST", "/v1/users", { user_id: "alice", display_name: "Alice" }, 201);
  await call("POST", "/v1/grants", {
    user_id: "alice",
    client: "edge-01",
    listen_port_start: 1,
    listen_port_end: 65_535,
    protocols: ["tcp"],
  }, 201);
  const issued = await call("POST", "/v1/users/alice/credentials", {}, 201) as { token: string };
  const [client] = await call("GET", "/v1/clients", undefined, 200) as { client_id: string }[];
  const quota = `/v1/users/alice/quotas/${client?.client_id}`;
  const caps = `/v1/clients/${client?.client_id}/owners/alice/rate-limit`;
  await call("PUT", quota, { monthly_bytes: monthlyBytes }, 200);
  return { alice: new Operator(lab, admin.http, issued.token), quota, caps };
}
