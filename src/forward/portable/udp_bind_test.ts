import assert from "node:assert/strict";
import { FakeDatagrams } from "../../../tests/forward/fake_datagrams.ts";
import { osError } from "../../../tests/forward/fake_net.ts";
import { bindDatagrams } from "./udp_bind.ts";

const bound = (net: FakeDatagrams) =>
  net.bound.map(({ addr, shared }) => `${addr.hostname} ${addr.port}${shared ? " shared" : ""}`);

Deno.test("bindDatagrams() binds each port once where the host has one address", () => {
  const addresses = ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::7", "fe80::1", "fe80::2"];
  const net = new FakeDatagrams({ addresses });
  assert.ok(bindDatagrams(net, { start: 80, end: 81 }).ok);
  assert.deepEqual(bound(net), [":: 80", ":: 81"]);
});

Deno.test("bindDatagrams() binds each of several addresses of a family, too", () => {
  const addresses = ["127.0.0.1", "192.0.2.7", "2001:db8::7", "198.51.100.7"];
  const net = new FakeDatagrams({ addresses });
  const outcome = bindDatagrams(net, { start: 80, end: 81 });
  assert.ok(outcome.ok);
  assert.deepEqual(outcome.listeners, net.bound);
  assert.deepEqual(bound(net), [
    ":: 80 shared",
    ":: 81 shared",
    "192.0.2.7 80 shared",
    "192.0.2.7 81 shared",
    "198.51.100.7 80 shared",
    "198.51.100.7 81 shared",
  ]);
});

Deno.test("bindDatagrams() shares a port with nobody else", () => {
  const net = new FakeDatagrams({ addresses: ["192.0.2.7", "198.51.100.7"] });
  using _other = net.bind({ hostname: "192.0.2.7", port: 81 }, { shared: true });
  const outcome = bindDatagrams(net, { start: 80, end: 81 });
  assert.deepEqual(outcome, { ok: false, reason: "port_in_use:81" });
  assert.deepEqual(bound(net), ["192.0.2.7 81 shared"]);
});

Deno.test("bindDatagrams() goes without an address that cannot be bound", () => {
  const net = new FakeDatagrams({
    addresses: ["192.0.2.7", "198.51.100.7"],
    failBind: ({ hostname }) => hostname === "192.0.2.7" ? osError("EADDRNOTAVAIL") : null,
  });
  assert.ok(bindDatagrams(net, { start: 80, end: 80 }).ok);
  assert.deepEqual(bound(net), [":: 80 shared", "198.51.100.7 80 shared"]);
});

Deno.test("bindDatagrams() binds large ranges once, whatever addresses there are", () => {
  const net = new FakeDatagrams({ addresses: ["192.0.2.7", "198.51.100.7"] });
  assert.ok(bindDatagrams(net, { start: 1_000, end: 1_600 }).ok);
  assert.equal(net.bound.length, 601);
});

Deno.test("bindDatagrams() calls every failure port_in_use", () => {
  for (const code of ["EADDRINUSE", "EACCES", "EMFILE"]) {
    const net = new FakeDatagrams({
      failBind: ({ port }) => port === 80 ? osError(code) : null,
    });
    const outcome = bindDatagrams(net, { start: 80, end: 80 });
    assert.deepEqual(outcome, { ok: false, reason: "port_in_use" });
    assert.deepEqual(net.bound, []);
  }
});
