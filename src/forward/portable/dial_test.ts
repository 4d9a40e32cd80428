import assert from "node:assert/strict";
import { FakeNet, FakeSocket, osError } from "../../../tests/forward/fake_net.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { ResolveError } from "../resolver.ts";
import { AddressesUnreachable, dial } from "./dial.ts";

function start(host: string, addresses: readonly string[] | Error = [], stale = false) {
  const net = new FakeNet();
  const clock = new FakeClock();
  const abort = new AbortController();
  const names: string[] = [];
  const resolver = {
    resolve(name: string) {
      names.push(name);
      return addresses instanceof Error
        ? Promise.reject(addresses)
        : Promise.resolve({ addresses, source: stale ? "stale" as const : "fresh" as const });
    },
  };
  const dialed = dial(
    { ruleId: 1n, host, port: 90, preferIpv6: false },
    { net, clock, logger: new RecordingLogger(), resolver },
    abort.signal,
  );
  return { net, clock, abort, names, dialed };
}

Deno.test("dial() connects to an IP literal without asking the resolver", async () => {
  for (const [host, hostname] of [["192.0.2.1", "192.0.2.1"], ["[::1]", "::1"]] as const) {
    const { net, clock, names, dialed } = start(host);
    const dialing = await net.dialing();
    assert.deepEqual(dialing.endpoint, { hostname, port: 90 });
    const socket = new FakeSocket();
    dialing.accept(socket);

    assert.deepEqual(await dialed, { socket, stale: false });
    assert.deepEqual(names, []);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("dial() tells the system's error for an IP literal", async () => {
  const { net, clock, dialed } = start("192.0.2.1");
  (await net.dialing()).refuse(osError("ECONNREFUSED"));

  await assert.rejects(dialed, { code: "ECONNREFUSED" });
  assert.equal(clock.pending, 0);
});

Deno.test("dial() gives an address 3 s", async () => {
  const { net, clock, dialed } = start("192.0.2.1");
  const dialing = await net.dialing();
  clock.advance(2_999);
  assert.equal(dialing.isCancelled, false);
  clock.advance(1);
  assert.equal(dialing.isCancelled, true);
  dialing.refuse(new Error("operation canceled"));

  await assert.rejects(dialed, { message: "dial timeout after 3s" });
});

Deno.test("dial() closes a connection that was made just as the time ran out", async () => {
  const { net, clock, dialed } = start("192.0.2.1");
  const dialing = await net.dialing();
  clock.advance(3_000);
  const socket = new FakeSocket();
  dialing.accept(socket);

  await assert.rejects(dialed, { message: "dial timeout after 3s" });
  assert.equal(socket.isClosed, true);
});

Deno.test("dial() tries the addresses of a name one after another, IPv4 first", async () => {
  const { net, clock, names, dialed } = start("db.test", ["::2", "192.0.2.1", "192.0.2.2"], true);
  const first = await net.dialing();
  assert.equal(first.endpoint.hostname, "192.0.2.1");
  first.refuse();
  const second = await net.dialing();
  assert.equal(second.endpoint.hostname, "192.0.2.2");
  clock.advance(3_000);
  second.refuse();
  const third = await net.dialing();
  assert.equal(third.endpoint.hostname, "::2");
  const socket = new FakeSocket();
  third.accept(socket);

  assert.deepEqual(await dialed, { socket, stale: true });
  assert.deepEqual(names, ["db.test"]);
  assert.equal(clock.pending, 0);
});

Deno.test("dial() tells how many addresses it tried and what the last one said", async () => {
  const { net, clock, dialed } = start("db.test", ["192.0.2.1", "::2"]);
  (await net.dialing()).refuse();
  const last = await net.dialing();
  clock.advance(3_000);
  last.refuse();

  await assert.rejects(dialed, (error) => {
    assert.ok(error instanceof AddressesUnreachable);
    assert.equal(error.tried, 2);
    assert.equal(
      error.message,
      "all_addrs_unreachable: 2 addresses tried, last: dial timeout after 3s",
    );
    return true;
  });
});

Deno.test("dial() passes on why a name did not resolve", async () => {
  const failure = new ResolveError("nxdomain", "no such name");
  const { dialed } = start("db.test", failure);
  await assert.rejects(dialed, failure);
});

Deno.test("dial() gives up the attempt under way when it is aborted, and tries no other", async () => {
  const { net, clock, abort, dialed } = start("db.test", ["192.0.2.1", "192.0.2.2"]);
  const dialing = await net.dialing();
  abort.abort(new Error("proxy_cancelled"));
  assert.equal(dialing.isCancelled, true);
  const socket = new FakeSocket();
  dialing.accept(socket);

  await assert.rejects(dialed, { message: "proxy_cancelled" });
  assert.equal(socket.isClosed, true);
  assert.equal(clock.pending, 0);
});

Deno.test("dial() has nothing to do with its signal any more once it is done", async () => {
  const { net, abort, dialed } = start("db.test", ["192.0.2.1", "192.0.2.2"]);
  const refused = await net.dialing();
  refused.refuse();
  const accepted = await net.dialing();
  const socket = new FakeSocket();
  accepted.accept(socket);
  await dialed;

  abort.abort();

  assert.deepEqual([refused.isCancelled, accepted.isCancelled], [false, false]);
  assert.equal(socket.isClosed, false);
});

Deno.test("dial() does not wait for the resolver when it is aborted", async () => {
  const net = new FakeNet();
  const abort = new AbortController();
  const answer = Promise.withResolvers<never>();
  const dialed = dial(
    { ruleId: 1n, host: "db.test", port: 90, preferIpv6: false },
    {
      net,
      clock: new FakeClock(),
      logger: new RecordingLogger(),
      resolver: { resolve: () => answer.promise },
    },
    abort.signal,
  );
  abort.abort(new Error("proxy_cancelled"));

  await assert.rejects(dialed, { message: "proxy_cancelled" });
  answer.reject(new ResolveError("servfail", "too late to matter"));
});
