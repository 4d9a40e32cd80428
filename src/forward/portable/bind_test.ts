import assert from "node:assert/strict";
import { FakeNet, osError } from "../../../tests/forward/fake_net.ts";
import { bindRange, wildcardAddresses } from "./bind.ts";
import type { Endpoint } from "./net.ts";

const addresses = (net: FakeNet) => net.bound.map(({ addr }) => `${addr.hostname} ${addr.port}`);

Deno.test("bindRange() binds every port once, ascending, where :: takes both families", () => {
  const net = new FakeNet();

  const bound = bindRange(net, { start: 80, end: 82 });

  assert.ok(bound.ok);
  assert.deepEqual(bound.listeners, net.bound);
  assert.deepEqual(addresses(net), [":: 80", ":: 81", ":: 82"]);
});

Deno.test("bindRange() binds a socket per family where :: takes IPv6 alone", () => {
  const net = new FakeNet({ dualStack: false });

  assert.ok(bindRange(net, { start: 80, end: 81 }).ok);

  assert.deepEqual(addresses(net), [":: 80", "0.0.0.0 80", ":: 81", "0.0.0.0 81"]);
});

Deno.test("bindRange() binds IPv4 alone where there is no IPv6", () => {
  for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL"]) {
    const net = new FakeNet({
      failListen: ({ hostname }) => hostname === "::" ? osError(code) : null,
    });

    assert.ok(bindRange(net, { start: 80, end: 80 }).ok);

    assert.deepEqual(addresses(net), ["0.0.0.0 80"]);
  }
});

Deno.test("bindRange() leaves nothing bound when a port fails, and tries none after it", () => {
  const failListen = ({ port }: Endpoint) => port === 82 ? osError("EADDRINUSE") : null;
  for (const dualStack of [true, false]) {
    const net = new FakeNet({ failListen, dualStack });

    const bound = bindRange(net, { start: 80, end: 90 });

    assert.deepEqual(bound, { ok: false, reason: "port_in_use:82" });
    assert.deepEqual(addresses(net), []);
    assert.equal(net.listens.at(-1), ":: 82");
  }
});

Deno.test("bindRange() releases the IPv6 half of a port whose IPv4 half is taken", () => {
  const net = new FakeNet({ dualStack: false });
  using _other = net.listen({ hostname: "0.0.0.0", port: 80 });

  const bound = bindRange(net, { start: 80, end: 80 });

  assert.deepEqual(bound, { ok: false, reason: "port_in_use" });
  assert.deepEqual(addresses(net), ["0.0.0.0 80"]);
});

Deno.test("bindRange() tells permissions and other failures apart", () => {
  const cases: [Error, string][] = [
    [osError("EACCES"), "permission_denied"],
    [osError("EPERM"), "permission_denied"],
    [new Deno.errors.NotCapable("Requires net access"), "permission_denied"],
    [osError("EMFILE"), "bind_failed"],
    [new Error("something else"), "bind_failed"],
  ];
  for (const [error, reason] of cases) {
    const net = new FakeNet({ failListen: () => error });
    assert.deepEqual(bindRange(net, { start: 80, end: 80 }), { ok: false, reason });
  }
});

Deno.test("wildcardAddresses() listens for both families where a port is taken for one of them", () => {
  const bind = ({ hostname, port }: Endpoint) => {
    if (hostname === "0.0.0.0") throw osError("EADDRINUSE");
    return { addr: { hostname, port: port || 5_000 }, [Symbol.dispose]: () => {} };
  };
  assert.deepEqual(wildcardAddresses(bind, { separatesFamilies: true }), ["::", "0.0.0.0"]);
  assert.deepEqual(wildcardAddresses(bind), ["::"]);
});
