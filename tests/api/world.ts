/**
 * A server where everything exists that the examples of the OpenAPI document name.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { z } from "zod";
import { PATH_PARAMETERS } from "../../src/api/openapi/parameters.ts";
import type { Publish } from "../../src/publish/publish.ts";
import type { PublishStatus } from "../../src/store/publish_state.ts";
import { hashSecret } from "../../src/system/secret_hash.ts";
import { ApiFixture } from "../kit/api_fixture.ts";

export const CLIENT = { clientId: "01JABCDEFGHJKMNPQRSTVWXYZ0", clientName: "edge-01" };
const PASSWORD = "correct horse battery";

/** What the examples of bodies and paths speak of: a client, alice with all she can have, a rule. */
export async function world(): Promise<ApiFixture> {
  const api = new ApiFixture();
  api.db.addClient({ ...CLIENT, token: "another token" });
  const edge = api.connect(CLIENT, "3.2.0");
  const now = Temporal.Instant.fromEpochMilliseconds(api.clock.now());
  api.setPassword("alice", PASSWORD);
  api.identity.credentials.insert({
    credentialId: "01JABCDEFGHJKMNPQRSTVWXYZ2",
    userId: "alice",
    tokenHash: hashSecret("sesame"),
    label: "laptop",
    issuedAt: now,
  });
  api.identity.sessions.insert({
    sessionHash: `4f1d0c7e9ab23568${"0".repeat(48)}`,
    userId: "alice",
    createdAt: now,
    absoluteExpiresAt: now.add({ hours: 168 }),
    remoteAddr: "203.0.113.9",
    userAgent: "Mozilla/5.0",
  });
  api.identity.invitations.insert({
    invitationId: "01JABCDEFGHJKMNPQRSTVWXYZ4",
    userId: "dave",
    displayName: "Dave",
    email: "dave@example.test",
    role: "user",
    grants: [],
    createdBy: "_superadmin",
    createdAt: now,
    expiresAt: now.add({ hours: 168 }),
    acceptedAt: null,
  }, hashSecret("Zs0m1u4yQf8kVb2nR6tXc9hJpLwEaGd3iYoU7KvTq5B"));
  const grant = {
    client: "edge-01",
    listen: { start: 1, end: 65535 },
    protocols: ["tcp", "udp"],
  } as const;
  const grantId = "01JABCDEFGHJKMNPQRSTVWXYZ1";
  api.identity.grants.insert({ ...grant, grantId, userId: "alice", note: null, createdAt: now });
  api.operators.grants.set("alice", [grant]);
  const targets = [{ host: "10.0.0.5", port: 8080, priority: 0, proxyProtocol: null }];
  const listen = { start: 18080, end: 18080 };
  await api.push({ listen, targetHost: "10.0.0.5", targets });
  api.report(edge.session, { ruleId: 0n, bytesIn: 79n });
  const quota = await api.request("PUT", `/v1/users/alice/quotas/${CLIENT.clientId}`, {
    json: { monthly_bytes: 1_000 },
  });
  assert.equal(quota.status, 200, quota.text);
  const caps = `/v1/clients/${CLIENT.clientId}/owners/alice/rate-limit`;
  const capped = await api.request("PUT", caps, { json: { concurrent_connections: 100 } });
  assert.equal(capped.status, 200, capped.text);
  await publishThings(api);
  return api;
}

/** What the examples of publishing speak of, where there is publishing. */
async function publishThings(api: ApiFixture): Promise<void> {
  if (api.publish === null) return;
  const tunnel = await api.request("POST", "/v1/tunnels", {
    token: "alice",
    json: { fqdn: "app.example.com", client_id: CLIENT.clientId, target: "10.0.0.5:443" },
  });
  assert.equal(tunnel.status, 201, tunnel.text);
  const { id } = tunnel.json as { readonly id: string };
  const { db } = api.db.store;
  db.run("UPDATE tunnels SET tunnel_id = '01JABCDEFGHJKMNPQRSTVWXYZ5' WHERE tunnel_id = ?", id);
  db.run("UPDATE published_hosts SET ref_id = '01JABCDEFGHJKMNPQRSTVWXYZ5' WHERE ref_id = ?", id);
  await addSite(api, api.publish);
}

/** A custom one, because only of those anybody asks where they lead. */
async function addSite(api: ApiFixture, { sites }: Publish): Promise<void> {
  await sites.start();
  api.nextIds.push("01JABCDEFGHJKMNPQRSTVWXYZ6");
  await sites.create({
    name: "blog",
    customDomain: "blog.example.org",
    ownerId: "alice",
    spaMode: false,
    isProtected: false,
    allowedUsers: [],
  });
}

/** The path with the examples of its parameters. */
export function examplePath(path: string): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const example = PATH_PARAMETERS[name]?.meta()?.["example"];
    return String(example ?? assert.fail(`no example of ${name}`));
  });
}

/** The parameters that are required, with their examples. */
export function exampleQuery(query: z.ZodObject | undefined): string {
  const required = Object.entries(query?.shape ?? {}).filter(([, it]) =>
    !it.safeParse(undefined).success
  );
  const values = required.map(([name, schema]): [string, string] => [
    name,
    String((schema as z.ZodType).meta()?.["example"] ?? assert.fail(`no example of ${name}`)),
  ]);
  return values.length === 0 ? "" : `?${new URLSearchParams(values)}`;
}

/** Brings the set-up of publishing to a stage. */
export function setStage(api: ApiFixture, status: PublishStatus): void {
  const domain = "example.com";
  api.publish?.state.set({ status, domain, email: "ops@example.com", publicIp: null });
}

/** Nothing is published then. */
export function unpublishAll(api: ApiFixture): void {
  api.db.store.db.run("DELETE FROM tunnels");
  api.db.store.db.run("DELETE FROM sites");
}
