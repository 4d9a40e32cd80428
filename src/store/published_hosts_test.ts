import assert from "node:assert/strict";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import { PublishedHostRepository } from "./published_hosts.ts";
import { PublishStateRepository } from "./publish_state.ts";

Deno.test("PublishedHostRepository has each name once", () => {
  using it = openTempStore();
  const hosts = new PublishedHostRepository(it.store);
  const app = { fqdn: "app.test", kind: "tunnel", refId: "T" } as const;
  assert.ok(hosts.insert(app));
  assert.ok(!hosts.insert({ ...app, kind: "site", refId: "S" }));
  assert.deepEqual(hosts.get("app.test"), app);
  assert.ok(hosts.insert({ fqdn: "api.test", kind: "reserved", refId: null }));
  assert.equal(hosts.count(), 1);
  assert.deepEqual(hosts.list().map(({ fqdn }) => fqdn), ["api.test", "app.test"]);
  hosts.removeReserved();
  hosts.remove("app.test");
  assert.deepEqual(hosts.list(), []);
});

Deno.test("a name is free again with the row of its tunnel or site", () => {
  using it = openTempStore();
  const { db } = it.store;
  const hosts = new PublishedHostRepository(it.store);
  db.run("INSERT INTO users (user_id, role, display_name, created_at) VALUES ('a','user','','')");
  hosts.insert({ fqdn: "app.test", kind: "tunnel", refId: "T" });
  hosts.insert({ fqdn: "blog.test", kind: "site", refId: "S" });
  db.run(`INSERT INTO tunnels (tunnel_id, fqdn, kind, client_id, listen_port, target_host,
    target_port, owner_user_id, created_at, updated_at)
    VALUES ('T', 'app.test', 'passthrough', 'c', 443, 'h', 1, 'a', '', '')`);
  db.run(`INSERT INTO sites (site_id, name, fqdn, type, owner_user_id, created_at, updated_at)
    VALUES ('S', 'blog', 'blog.test', 'managed', 'a', '', '')`);
  db.run("DELETE FROM users WHERE user_id = 'a'");
  assert.equal(hosts.get("app.test"), undefined, "tunnels go with their owner");
  assert.equal(db.get("SELECT owner_user_id FROM sites")?.owner_user_id, null, "sites stay");
  db.run("DELETE FROM sites");
  assert.deepEqual(hosts.list(), []);
});

Deno.test("PublishStateRepository keeps the state as a whole", () => {
  using it = openTempStore();
  const states = new PublishStateRepository(it.store);
  const fresh = { status: "FRESH", domain: null, email: null, publicIp: null } as const;
  assert.deepEqual(states.get(), fresh);
  const next = {
    ...fresh,
    status: "DOMAIN_SET",
    domain: "example.test",
    email: "a@b.test",
  } as const;
  states.set(next);
  assert.deepEqual(states.get(), next);
});
