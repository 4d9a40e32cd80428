/**
 * Every example of the OpenAPI document, sent to a server where what it names exists.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ApiFixture, type RequestOptions } from "../../../tests/kit/api_fixture.ts";
import type { z } from "zod";
import type { Json } from "../../core/json.ts";
import { hashSecret } from "../../system/secret_hash.ts";
import { PATH_PARAMETERS } from "./parameters.ts";

const CLIENT = { clientId: "01JABCDEFGHJKMNPQRSTVWXYZ0", clientName: "edge-01" };
const PASSWORD = "correct horse battery";

/** What the examples of bodies and paths speak of: a client, alice with all she can have, a rule. */
async function world(): Promise<ApiFixture> {
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
  return api;
}

/** What some examples need beside that; by operation. */
const PREPARATIONS: Readonly<
  Record<string, (api: ApiFixture) => RequestOptions | void | Promise<RequestOptions>>
> = {
  "POST /v1/auth/onboarding"(api) {
    api.db.store.db.run("UPDATE users SET role = 'user'");
    const issuedAt = Temporal.Instant.fromEpochMilliseconds(api.clock.now());
    api.identity.setupToken.rotate({
      tokenHash: hashSecret("Zs0m1u4yQf8kVb2nR6tXc9hJpLwEaGd3iYoU7KvTq5B"),
      issuedAt,
      expiresAt: issuedAt.add({ minutes: 30 }),
    });
  },
  "POST /v1/auth/logout": async (api) => ({ session: await api.login("alice") }),
  "POST /v1/users/me/password": () => ({ token: "alice" }),
  "DELETE /v1/clients/:client_id"(api) {
    api.clients.revoke(CLIENT.clientId, Temporal.Instant.fromEpochMilliseconds(api.clock.now()));
  },
};

/** The path with the examples of its parameters. */
function examplePath(path: string): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const example = PATH_PARAMETERS[name]?.meta()?.["example"];
    return String(example ?? assert.fail(`no example of ${name}`));
  });
}

/** The parameters that are required, with their examples. */
function exampleQuery(query: z.ZodObject | undefined): string {
  const required = Object.entries(query?.shape ?? {}).filter(([, it]) =>
    !it.safeParse(undefined).success
  );
  const values = required.map(([name, schema]): [string, string] => [
    name,
    String((schema as z.ZodType).meta()?.["example"] ?? assert.fail(`no example of ${name}`)),
  ]);
  return values.length === 0 ? "" : `?${new URLSearchParams(values)}`;
}

Deno.test("every example of the OpenAPI document works", async (t) => {
  using catalogue = new ApiFixture();
  for (const { method, path, operation: { doc } } of catalogue.api.operations) {
    await t.step(`${method} ${path}`, async () => {
      using api = await world();
      const prepared = await PREPARATIONS[`${method} ${path}`]?.(api) ?? {};
      const target = examplePath(path) + exampleQuery(doc.query);
      if ("mediaType" in doc.success && doc.success.mediaType === "text/event-stream") {
        const response = await api.open(target);
        assert.equal(response.status, doc.success.status);
        return await response.body?.cancel();
      }
      const json = doc.bodyExample as Json | undefined;
      const answer = await api.request(method, target, {
        ...(json !== undefined && { json }),
        ...prepared,
      });
      assert.equal(answer.status, doc.success.status, answer.text);
    });
  }
});
