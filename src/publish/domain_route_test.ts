import assert from "node:assert/strict";
import { withDomain } from "./domain_route.ts";
import { HostTable } from "./host_table.ts";

const request = new Request("https://example.test/");

Deno.test("withDomain() has an empty page for the domain, and for no other name", async () => {
  const table = new HostTable();
  const routes = withDomain(table, () => "example.test");
  const target = routes.get("example.test")?.target;
  assert.ok(target?.kind === "site");
  assert.equal((await target.serve(request)).status, 404);
  assert.equal(routes.get("app.example.test"), undefined);
  assert.equal(withDomain(table, () => null).get("example.test"), undefined);
});

Deno.test("withDomain() lets whoever has the domain's name have it", () => {
  const table = new HostTable();
  table.put("example.test", { kind: "proxy", upstream: { hostname: "h", port: 1 } }, null);
  const route = withDomain(table, () => "example.test").get("example.test");
  assert.equal(route?.target.kind, "proxy");
});
