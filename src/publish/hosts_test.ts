import assert from "node:assert/strict";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import { isError } from "../../tests/kit/rule_fixture.ts";
import type { Store } from "../store/open.ts";
import { PublishedHostRepository } from "../store/published_hosts.ts";
import { HostRegistry } from "./hosts.ts";

function registry(store: Store, max = 10): HostRegistry {
  return new HostRegistry({
    hosts: new PublishedHostRepository(store),
    domain: () => "example.test",
    maxHosts: () => max,
    operatorHost: () => "portunus.example.test",
  });
}

Deno.test("HostRegistry gives a name to one", () => {
  using it = openTempStore();
  const hosts = registry(it.store);
  const fqdn = "app.example.test";
  hosts.reserve(fqdn, "tunnel", "T");
  assert.deepEqual(hosts.lookup(fqdn), { fqdn, kind: "tunnel", refId: "T" });
  assert.throws(() => hosts.reserve(fqdn, "site", "S"), isError("host_in_use"));
  hosts.release(fqdn);
  hosts.reserve(fqdn, "site", "S");
});

Deno.test("HostRegistry keeps names below the domain, and that of the operator API", () => {
  using it = openTempStore();
  const hosts = registry(it.store);
  const refused = (fqdn: string) =>
    assert.throws(() => hosts.reserve(fqdn, "site", "S"), isError("host_reserved"), fqdn);
  for (const label of ["www", "api", "agent-7", "portunus"]) refused(`${label}.example.test`);
  hosts.reserveBelow("other.test");
  refused("mail.other.test");
  hosts.reserve("agent.example.test", "site", "S1");
  hosts.reserve("example.test", "site", "S2");
  hosts.reserveBelow(null);
  hosts.reserve("mail.other.test", "site", "S3");
  hosts.reserveBelow("other.test");
  assert.equal(hosts.lookup("mail.other.test")?.kind, "site", "who has a name keeps it");
  assert.throws(() => hosts.reserve("mail.other.test", "site", "S4"), isError("host_in_use"));
});

Deno.test("HostRegistry counts names in use, and no reserved ones", () => {
  using it = openTempStore();
  const hosts = registry(it.store, 2);
  hosts.reserveBelow("example.test");
  hosts.reserve("a.example.test", "tunnel", "T");
  hosts.reserve("b.example.test", "site", "S");
  assert.throws(() => hosts.reserve("c.example.test", "site", "S"), isError("host_limit_reached"));
  assert.throws(() => hosts.reserve("b.example.test", "site", "S"), isError("host_in_use"));
});
