import assert from "node:assert/strict";
import type { Json } from "../../src/core/json.ts";
import type { ApiFixture } from "../kit/api_fixture.ts";
import { ROUTE_TABLE } from "./route_table.ts";
import { examplePath, exampleQuery, world } from "./world.ts";

/** What does not come from the store, or is known without it. */
const UNTOUCHED = [
  "GET /healthz",
  "GET /readyz",
  "GET /v1/version",
  "GET /v1/openapi.json",
  "GET /v1/auth/status",
  "GET /v1/rules",
  "GET /v1/rules/stats",
  "GET /v1/rules/:rule_id",
  "GET /v1/rules/:rule_id/stats",
  "GET /v1/rules/:rule_id/stats/stream",
  "GET /v1/metrics",
  "GET /v1/publish/certificates",
  "GET /v1/publish/users-export",
  // It is asked with a token, which is not enough.
  "POST /v1/publish/authorize",
  "GET /v1/settings/identity-backend",
];

/** The code where it is not `500 store_error`. */
function expected(route: string): string {
  if (route === "POST /v1/rules") return "422 activation_failed";
  if (route.includes("/v1/auth/") || route === "POST /v1/users/me/password") return "500 internal";
  if (route === "GET /v1/audit") return "500 internal";
  return route.includes("/owners") ? "500 internal_error" : "500 store_error";
}

/** Takes every table away. */
function ruin({ db: { store: { db } } }: ApiFixture): void {
  const tables = db.all(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
  );
  for (const { name } of tables) db.exec(`ALTER TABLE "${name}" RENAME TO "no_${name}"`);
}

Deno.test("every route says that the store fails under the code it has for that", async (t) => {
  for (const line of ROUTE_TABLE.filter(({ route }) => !UNTOUCHED.includes(route))) {
    await t.step(line.route, async () => {
      using api = await world();
      const options = line.caller === "session"
        ? { session: await api.login("alice") }
        : { token: "root" };
      line.prepare?.(api);
      ruin(api);
      const operation = api.api.operations.find((it) => `${it.method} ${it.path}` === line.route);
      const { method, path, operation: { doc } } = operation ?? assert.fail("not registered");
      const json = line.json?.("alice") ?? doc.bodyExample as Json | undefined;
      const answer = await api.request(method, examplePath(path) + exampleQuery(doc.query), {
        ...options,
        ...(json !== undefined && { json }),
      });
      assert.equal(answer.error, expected(line.route));
      assert.doesNotMatch(answer.text, /no such table|SQL/i);
      assert.match(api.logger.text(), /no such table/);
    });
  }
});
