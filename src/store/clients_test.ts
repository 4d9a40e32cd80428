import assert from "node:assert/strict";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import { PortunusError } from "../core/errors.ts";
import { ClientRepository } from "./clients.ts";
import { GrantRepository } from "./grants.ts";
import type { Store } from "./open.ts";
import { UserRepository } from "./users.ts";

const NOW = Temporal.Instant.from("2026-01-01T00:00:00Z");
const LATER = NOW.add({ seconds: 60 });

/** A roster with a client for each name; ids are `id-0`, `id-1` and so on. */
function roster(store: Store, ...names: readonly string[]): ClientRepository {
  const clients = new ClientRepository(store);
  for (const [n, clientName] of names.entries()) {
    clients.insert({
      clientId: `id-${n}`,
      clientName,
      clientAddress: null,
      tokenHash: `hash-${n}`,
      issuedAt: NOW,
    });
  }
  return clients;
}

/** The clients that a user's grants name. */
function grantedClients(store: Store, ...names: readonly string[]): () => string[] {
  new UserRepository(store).insert({
    userId: "alice",
    role: "user",
    displayName: "Alice",
    createdAt: NOW,
    passwordHash: null,
    passwordChangeRequired: false,
  });
  const grants = new GrantRepository(store);
  for (const [n, client] of names.entries()) {
    grants.insert({
      grantId: `grant-${n}`,
      userId: "alice",
      client,
      listen: { start: 1, end: 2 },
      protocols: ["tcp"],
      note: null,
      createdAt: NOW,
    });
  }
  return () => grants.listOf("alice").map(({ client }) => client);
}

const codeOf = (code: string) => (error: unknown) =>
  error instanceof PortunusError && error.code === code;

Deno.test("list() sorts by name, then id", () => {
  using it = openTempStore();
  const clients = roster(it.store, "b", "a", "b", "B");
  assert.deepEqual(clients.list().map(({ clientId }) => clientId), [
    "id-3",
    "id-1",
    "id-0",
    "id-2",
  ]);
});

Deno.test("findByTokenHash() finds the client of a token, revoked or not", () => {
  using it = openTempStore();
  const clients = roster(it.store, "a", "b", "c");
  clients.revoke("id-1", LATER);
  assert.equal(clients.findByTokenHash("hash-0")?.clientName, "a");
  assert.equal(clients.findByTokenHash("hash-1")?.revokedAt?.toString(), LATER.toString());
  for (const wrong of ["", "hash-", "hash-3", "hash-00", "HASH-0"]) {
    assert.equal(clients.findByTokenHash(wrong), undefined, wrong);
  }
});

Deno.test("insert() refuses an id or a token that exists", () => {
  using it = openTempStore();
  const clients = roster(it.store, "a");
  const client = { clientName: "a", clientAddress: null, issuedAt: NOW };
  for (const [clientId, tokenHash] of [["id-0", "new"], ["new", "hash-0"]] as const) {
    assert.throws(() => clients.insert({ ...client, clientId, tokenHash }), { kind: "conflict" });
  }
});

Deno.test("revoke() keeps the time of an earlier revocation", () => {
  using it = openTempStore();
  const clients = roster(it.store, "a", "b");
  clients.revoke("id-0", NOW);
  clients.revoke("id-0", LATER);
  clients.revoke("nobody", NOW);
  assert.deepEqual(
    clients.list().map(({ revokedAt }) => revokedAt?.toString()),
    [NOW.toString(), undefined],
  );
});

Deno.test("revokeByName() revokes every client of that name, and tells those that were not yet", () => {
  using it = openTempStore();
  const clients = roster(it.store, "a", "b", "a", "a");
  clients.revoke("id-0", NOW);
  assert.deepEqual(clients.revokeByName("a", LATER).sort(), ["id-2", "id-3"]);
  assert.deepEqual(clients.revokeByName("a", LATER), []);
  assert.deepEqual(clients.revokeByName("nobody", LATER), []);
  assert.equal(clients.get("id-0")?.revokedAt?.toString(), NOW.toString());
  assert.equal(clients.get("id-1")?.revokedAt, null);
});

Deno.test("rename() takes rules and grants along", () => {
  using it = openTempStore();
  const clients = roster(it.store, "old", "another");
  const granted = grantedClients(it.store, "old", "*", "another");
  it.store.db.run(
    `INSERT INTO rules (id, listen_port, target_host, target_port, owner_user_id, created_at,
       updated_at, client_name, client_id)
     VALUES (1, 1, 'h', 1, 'alice', 't', 't', 'old', 'id-0'),
       (2, 2, 'h', 1, 'alice', 't', 't', 'another', 'id-1')`,
  );
  assert.equal(clients.rename("id-0", "new"), 1);
  assert.equal(clients.get("id-0")?.clientName, "new");
  assert.deepEqual(granted(), ["new", "*", "another"]);
  const names = it.store.db.all("SELECT client_name AS name FROM rules ORDER BY id");
  assert.deepEqual(names.map(({ name }) => name), ["new", "another"]);
});

Deno.test("rename() leaves grants alone that mean another client too", () => {
  using it = openTempStore();
  const clients = roster(it.store, "shared", "shared", "third");
  const granted = grantedClients(it.store, "shared", "third");
  assert.equal(clients.rename("id-0", "new"), 0);
  assert.equal(clients.rename("id-2", "shared"), 0);
  assert.deepEqual(granted(), ["shared", "third"]);
});

Deno.test("rename() never turns a grant into one for every client", () => {
  using it = openTempStore();
  const clients = roster(it.store, "old");
  const granted = grantedClients(it.store, "old");
  assert.equal(clients.rename("id-0", "*"), 0);
  assert.deepEqual(granted(), ["old"]);
});

Deno.test("rename() of a client that does not exist fails", () => {
  using it = openTempStore();
  const clients = roster(it.store, "a");
  assert.throws(() => clients.rename("nobody", "b"), codeOf("client_not_found"));
});

Deno.test("remove() deletes a revoked client from the roster, and nothing else", () => {
  using it = openTempStore();
  const clients = roster(it.store, "a");
  it.store.db.exec(
    `INSERT INTO users (user_id, role, display_name, created_at) VALUES ('alice', 'user', 'A', 't');
     INSERT INTO rules (id, listen_port, target_host, target_port, owner_user_id, created_at,
       updated_at, client_name, client_id) VALUES (1, 1, 'h', 1, 'alice', 't', 't', 'a', 'id-0');
     INSERT INTO traffic_samples_1m VALUES ('alice', 'id-0', 'a', 0, 1, 1);`,
  );
  assert.throws(() => clients.remove("id-0"), codeOf("client_not_revoked"));
  clients.revoke("id-0", NOW);
  clients.remove("id-0");
  assert.deepEqual(clients.list(), []);
  assert.throws(() => clients.remove("id-0"), codeOf("client_not_found"));
  for (const table of ["rules", "traffic_samples_1m"]) {
    assert.equal(it.store.db.all(`SELECT * FROM ${table}`).length, 1, table);
  }
});

Deno.test("setAddress() changes the address of a client that exists", () => {
  using it = openTempStore();
  const clients = roster(it.store, "a");
  assert.equal(clients.setAddress("id-0", "192.0.2.1"), true);
  assert.equal(clients.get("id-0")?.clientAddress, "192.0.2.1");
  assert.equal(clients.setAddress("nobody", "192.0.2.1"), false);
});
