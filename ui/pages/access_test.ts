import assert from "node:assert/strict";
import type { Client, Grant, Quota, Rule } from "../api/types.ts";
import { joinAccess, rulesLost } from "./access.ts";

const grant = (client: string, start: number, end: number, created_at = "2026"): Grant => ({
  grant_id: `${client}-${start}`,
  user_id: "carol",
  client,
  listen_port_start: start,
  listen_port_end: end,
  protocols: ["tcp"],
  note: null,
  created_at,
});

const client = (client_id: string, client_name: string, revoked_at: string | null = null) =>
  ({ client_id, client_name, revoked_at, connected: true }) as Client;

const rule = (id: number, client_name: string, listen_port: number) =>
  ({ id, client_name, listen_port, protocol: "tcp" }) as Rule;

Deno.test("joinAccess() makes one row for each client, its widest grant first", () => {
  const rows = joinAccess({
    grants: [grant("a", 1, 2), grant("a", 1, 9), grant("*", 5, 5), grant("gone", 1, 1)],
    clients: [client("1", "a"), client("2", "b"), client("3", "a", "2026")],
    quotas: [{ client_id: "2", client_name: "b" } as Quota],
    caps: new Map([["1", { concurrent_connections: 5 }]]),
  });
  assert.deepEqual(
    rows.map((it) => [it.name, it.client?.client_id ?? null, it.grants.map((g) => g.grant_id)]),
    [["*", null, ["*-5"]], ["a", "1", ["a-1", "a-1"]], ["b", "2", []], ["gone", null, ["gone-1"]]],
  );
  assert.equal(rows[1]?.grants[0]?.listen_port_end, 9);
  assert.deepEqual(rows[1]?.caps, { concurrent_connections: 5 });
  assert.equal(rows[2]?.quota?.client_id, "2", "a quota without a grant is shown, too");
});

Deno.test("joinAccess() says where one name means several clients", () => {
  const facts = { quotas: [], caps: new Map() };
  const clients = [client("1", "a"), client("2", "a")];
  const rows = joinAccess({ ...facts, clients, grants: [grant("a", 1, 2)] });
  assert.deepEqual(rows.map((it) => [it.client?.client_id, it.isAmbiguous]), [
    ["1", true],
    ["2", true],
  ]);
});

Deno.test("rulesLost() keeps rules that another grant covers", () => {
  const facts = { quotas: [], caps: new Map(), clients: [client("1", "a"), client("2", "b")] };
  const rows = joinAccess({
    ...facts,
    grants: [grant("a", 1, 99), grant("b", 1, 99), grant("*", 10, 19)],
  });
  const [all, a] = rows;
  assert.ok(a && all);
  const rules = [rule(1, "a", 15), rule(2, "a", 50), rule(3, "b", 50)];
  assert.deepEqual(rulesLost(a, rules, rows).map((it) => it.id), [2]);
  assert.deepEqual(rulesLost(all, rules, rows).map((it) => it.id), []);
});
