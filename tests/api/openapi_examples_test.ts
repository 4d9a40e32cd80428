/**
 * Every example of the OpenAPI document, sent to a server where what it names exists.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Json } from "../../src/core/json.ts";
import { hashSecret } from "../../src/system/secret_hash.ts";
import { ApiFixture, type RequestOptions } from "../kit/api_fixture.ts";
import { protectExampleHost, setUpTotp } from "./route_table.ts";
import { CLIENT, examplePath, exampleQuery, setStage, unpublishAll, world } from "./world.ts";

interface Parameter {
  readonly name: string;
  readonly schema: { readonly example?: unknown };
}

interface Document {
  readonly paths: Readonly<
    Record<string, { readonly get?: { readonly parameters: readonly Parameter[] } }>
  >;
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
  "POST /v1/sites/:site_id/files"() {
    const form = new FormData();
    form.append("files", new File(["<p>"], "page.html"));
    return { body: form };
  },
  "POST /v1/auth/logout": async (api) => ({ session: await api.login("alice") }),
  "POST /v1/users/me/password": () => ({ token: "alice" }),
  async "POST /v1/publish/authorize"(api) {
    protectExampleHost(api);
    return { session: await api.login("alice") };
  },
  "POST /v1/users/me/totp/setup": () => ({ token: "alice" }),
  "POST /v1/users/me/totp/confirm": (api) => (setUpTotp(api), { token: "alice" }),
  "POST /v1/users/me/totp/disable": (api) => (setUpTotp(api), { token: "alice" }),
  "DELETE /v1/clients/:client_id"(api) {
    api.clients.revoke(CLIENT.clientId, Temporal.Instant.fromEpochMilliseconds(api.clock.now()));
  },
  "POST /v1/publish/verify-dns": (api) => setStage(api, "DOMAIN_SET"),
  "POST /v1/publish/provision": (api) => setStage(api, "DNS_READY"),
  "POST /v1/publish/domain": (api) => setStage(api, "DOMAIN_SET"),
  "POST /v1/publish/reset": unpublishAll,
};

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

Deno.test("the times of the examples are kept by the server, however long it runs", async () => {
  using api = await world();
  for (const days of [0, 100]) {
    api.clock.advance(days * 86_400_000);
    const today = Math.floor(api.clock.now() / 1_000);
    const shown = await shownExamples(api, "/v1/traffic/global");
    assert.deepEqual(shown, { from: today - 86_400, to: today, bucket: "1m" });
    const { from, to, bucket } = shown;
    const answer = await api.get(`/v1/traffic/global?from=${from}&to=${to}&bucket=${bucket}`);
    assert.equal(answer.status, 200, answer.text);
  }
});

/** The examples of the query of `GET path`, as the served document has them. */
async function shownExamples(api: ApiFixture, path: string): Promise<Record<string, unknown>> {
  const { text } = await api.request("GET", "/v1/openapi.json", { token: null });
  const { paths } = JSON.parse(text) as Document;
  const parameters = paths[path]?.get?.parameters ?? assert.fail(`${path} is not documented`);
  return Object.fromEntries(parameters.map(({ name, schema }) => [name, schema.example]));
}
