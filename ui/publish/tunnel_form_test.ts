import assert from "node:assert/strict";
import { canGoAround, noTunnelFields, tunnelBody, tunnelProblems, userIds } from "./tunnel_form.ts";

const FIELDS = { ...noTunnelFields, name: "App", clientId: "C1", target: "127.0.0.1:3000" };

Deno.test("tunnelBody() sends a label or a full name, and of the rest what was given", () => {
  assert.deepEqual(tunnelBody(FIELDS), {
    subdomain: "app",
    kind: "passthrough",
    client_id: "C1",
    target: "127.0.0.1:3000",
  });
  assert.deepEqual(
    tunnelBody({ ...FIELDS, name: "a.test", listenPort: " 8443 ", description: "the shop " }),
    {
      fqdn: "a.test",
      kind: "passthrough",
      client_id: "C1",
      target: "127.0.0.1:3000",
      listen_port: 8443,
      description: "the shop",
    },
  );
});

Deno.test("tunnelBody() names users only where they decide", () => {
  const terminate = { ...FIELDS, kind: "terminate", allowed: "alice, bob" } as const;
  assert.deepEqual(tunnelBody(terminate).allowed_users, ["alice", "bob"]);
  const open = tunnelBody({ ...terminate, access: "public" });
  assert.deepEqual([open.access, open.allowed_users], ["public", []]);
  assert.deepEqual(userIds("  "), []);
});

Deno.test("tunnelProblems() names what is missing or cannot be", () => {
  assert.deepEqual(tunnelProblems(FIELDS), {});
  assert.deepEqual(tunnelProblems({ ...noTunnelFields, target: "nowhere", listenPort: "0" }), {
    name: "required",
    client: "required",
    target: "host_port",
    port: "port",
  });
});

Deno.test("canGoAround() tells of a login before a client that everybody reaches", () => {
  const asked = { kind: "terminate", access: "restricted" } as const;
  assert.equal(canGoAround(asked, "203.0.113.9"), true);
  assert.equal(canGoAround(asked, null), true);
  assert.equal(canGoAround(asked, "10.0.0.7"), false);
  assert.equal(canGoAround({ ...asked, access: "public" }, "203.0.113.9"), false);
  assert.equal(canGoAround({ kind: "passthrough", access: "restricted" }, "203.0.113.9"), false);
});
