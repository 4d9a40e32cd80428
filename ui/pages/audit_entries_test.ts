import assert from "node:assert/strict";
import type { AuditEntry } from "../api/types.ts";
import { auditFilter, auditPlace, keyed } from "./audit_entries.ts";

const entry = (changes: Partial<AuditEntry>): AuditEntry => ({
  timestamp: "2026-01-01T00:00:00Z",
  actor: "alice",
  method: "POST",
  path: "/v1/rules",
  outcome: "allow",
  ...changes,
});

Deno.test("keyed() tells entries of one instant apart, whatever comes before them", () => {
  const [b, a] = keyed([entry({ path: "b" }), entry({ path: "a" })]);
  const [, again] = keyed([entry({ path: "b" }), entry({ path: "a" })]);
  assert.notEqual(a?.key, b?.key);
  assert.equal(a?.key, again?.key);
});

Deno.test("auditFilter() looks at actor, method, path and reason", () => {
  const denied = entry({ outcome: "deny", reason: "csrf_header_required" });
  for (const search of ["", "ALI", "post", "/rules", "csrf"]) {
    assert.ok(auditFilter(search, "")(denied), search);
  }
  assert.ok(!auditFilter("bob", "")(denied));
  assert.ok(!auditFilter("", "allow")(denied));
});

Deno.test("auditPlace() leads to rules, clients and users", () => {
  assert.equal(auditPlace(entry({ path: "/v1/rules/7" })), "/rules/7");
  assert.equal(auditPlace(entry({ path: "/v1/users/bob/credentials/1" })), "/users/bob");
  assert.equal(auditPlace(entry({ path: "/v1/users/me/password" })), null);
  assert.equal(auditPlace(entry({ path: "/v1/rules" })), null);
  const reset = { path: "operator.password_reset", resource_kind: "user", resource_value: "bob" };
  assert.equal(auditPlace(entry(reset)), "/users/bob");
});
