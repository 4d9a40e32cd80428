import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import {
  FakeDatagrams,
  type FakeDatagramSocket,
  udpEndpoint,
} from "../../../tests/forward/fake_datagrams.ts";
import { FakeNet, osError } from "../../../tests/forward/fake_net.ts";
import { udpRule } from "../../../tests/forward/rules.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { FORWARD } from "../../core/limits.ts";
import type { Resolver } from "../resolver.ts";
import { Owners } from "../policy/owners.ts";
import { CopyMemory } from "./buffer_pool.ts";
import type { Endpoint } from "./net.ts";
import { PacketPool } from "./packet.ts";
import { UdpRule } from "./udp_rule.ts";
import { entranceOf } from "./datagram_transport.ts";
import { ListedTargets, SingleTarget } from "./rule_targets.ts";
import { LocalMeter } from "../policy/meter.ts";

const LISTEN = 80;
const client = udpEndpoint("::ffff:192.0.2.1", 4_000);
const target = udpEndpoint("198.51.100.1", 90);

/** A rule on one port over sockets of the test's making. */
class Fixture implements AsyncDisposable {
  readonly net: FakeDatagrams;
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly packets = new PacketPool();
  readonly listener: FakeDatagramSocket;
  readonly rule: UdpRule;

  constructor(options: {
    readonly host?: string;
    readonly addresses?: readonly string[];
    /** Hosts of a list of targets, all with the same port. */
    readonly list?: readonly string[];
    readonly failBind?: (endpoint: Endpoint) => Error | null;
    readonly failSend?: (to: Endpoint) => Error | null;
  } = {}) {
    const { host = target.hostname, addresses = [], list, ...failures } = options;
    this.net = new FakeDatagrams(failures);
    const resolver: Resolver = {
      resolve: () => Promise.resolve({ addresses, source: "fresh" }),
    };
    this.net.bind({ hostname: "::", port: LISTEN });
    this.listener = this.net.sockets[0] ?? assert.fail();
    this.rule = new UdpRule({
      spec: udpRule({ listen: LISTEN, target: target.port, targetHost: host }),
      entrances: [entranceOf(this.listener)],
      settings: { flowsMax: 10, idleMs: 0 },
      targets: list === undefined ? new SingleTarget(host) : new ListedTargets(
        {
          id: 1n,
          targets: list.map((host) => ({
            host,
            port: target.port,
            priority: 0,
            proxyProtocol: null,
          })),
        },
        this,
      ),
      owner: null,
      environment: {
        clock: this.clock,
        logger: this.logger,
        resolver,
        net: new FakeNet(),
        datagrams: this.net,
        memory: new CopyMemory(),
        createMeter: () => new LocalMeter(),
        packets: this.packets,
        owners: new Owners(this.clock, () => new LocalMeter()),
      },
    });
  }

  /** The socket of the flow that was opened last. */
  get upstream(): FakeDatagramSocket {
    return this.net.bound.findLast((socket) => socket !== this.listener) ?? assert.fail("no flow");
  }

  get errors(): Record<string, bigint> {
    const entries = Object.entries(this.rule.counters().errors);
    return Object.fromEntries(entries.filter(([, count]) => count > 0n));
  }

  /** Sends a datagram through the rule's listener and lets it be dealt with. */
  async ask(...data: number[]): Promise<void> {
    this.listener.deliver(data, client);
    await turn();
  }

  async reply(data: number[] | Error, from = target): Promise<void> {
    this.upstream.deliver(data, from);
    await turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rule.close();
    await turn();
    assert.deepEqual(this.net.bound, []);
    assert.equal(this.packets.lent, 0, "packets were not given back");
    assert.equal(this.clock.pending, 0);
  }
}

Deno.test("UdpRule binds a socket of the target's family for each flow", async () => {
  for (const [host, hostname] of [["198.51.100.1", "0.0.0.0"], ["[2001:db8::1]", "::"]] as const) {
    await using fixture = new Fixture({ host });
    await fixture.ask(1);
    assert.deepEqual(fixture.upstream.addr.hostname, hostname);
    const to = `${host.replaceAll(/[[\]]/g, "")} 90`;
    assert.deepEqual(fixture.upstream.sent, [{ data: [1], to }]);
  }
});

Deno.test("UdpRule sends replies of the target, and of nobody else, to the source", async () => {
  await using fixture = new Fixture();
  await fixture.ask(1);
  await fixture.reply([2], udpEndpoint(target.hostname, 91));
  await fixture.reply([3], udpEndpoint("198.51.100.2", target.port));
  await fixture.reply([4]);
  assert.deepEqual(fixture.listener.sent, [{ data: [4], to: "::ffff:192.0.2.1 4000" }]);
  assert.equal(fixture.rule.counters().datagramsOut, 1n);
});

Deno.test("UdpRule takes replies of a target that is this very host", async () => {
  for (const [host, from] of [["0.0.0.0", "127.0.0.1"], ["[::]", "::1"]] as const) {
    await using fixture = new Fixture({ host });
    await fixture.ask(1);
    await fixture.reply([2], udpEndpoint(from, target.port));
    assert.equal(fixture.listener.sent.length, 1);
  }
});

for (const code of ["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EHOSTUNREACH", "ENETUNREACH"]) {
  Deno.test(`UdpRule builds a flow anew after ${code}, of a send or a receive`, async () => {
    await using fixture = new Fixture();
    await fixture.ask(1);
    const first = fixture.upstream;
    await fixture.reply(osError(code));
    assert.ok(first.isClosed);
    assert.equal(fixture.rule.counters().activeFlows, 0);

    await fixture.ask(2);
    const second = fixture.upstream;
    assert.notEqual(second, first);
    second.sendErrors.push(osError(code));
    await fixture.ask(3);
    assert.ok(second.isClosed);

    await fixture.ask(4);
    assert.deepEqual(fixture.upstream.sent.map(({ data }) => data), [[4]]);
    assert.deepEqual(fixture.errors, { icmp_evict: 2n });
    assert.equal(fixture.rule.counters().datagramsIn, 3n, "what failed is not counted");
    const fields = fixture.logger.of("rule.udp_flow_evicted_icmp").map(({ fields }) => fields);
    assert.deepEqual(fields.map(({ phase }) => phase), ["receive", "send"]);
    assert.deepEqual(fields[0], {
      rule_id: "1",
      listen_port: LISTEN,
      source: "192.0.2.1:4000",
      target: "198.51.100.1:90",
      phase: "receive",
      error: `${code} (os error)`,
    });
  });
}

Deno.test("UdpRule says when it starts and how it ends", async () => {
  const fixture = new Fixture();
  assert.deepEqual(fixture.logger.of("rule.udp_runtime_started").map(({ fields }) => fields), [{
    rule_id: "1",
    listen_port_start: LISTEN,
    listen_port_end: LISTEN,
    range_size: 1,
    rule_cap: 10,
    cap_scope: "per_rule",
  }]);
  await fixture[Symbol.asyncDispose]();
  const ends = ["rule.deactivated", "rule.udp_listener_drained"];
  assert.deepEqual(fixture.logger.events.filter((event) => ends.includes(event)), ends);
  const { fields } = fixture.logger.of("rule.deactivated")[0] ?? assert.fail();
  assert.deepEqual(fields, { rule_id: "1", protocol: "udp", reason: "cancelled" });
});

Deno.test("UdpRule drops a datagram that is too big, or has no room, and keeps the flow", async () => {
  await using fixture = new Fixture();
  await fixture.ask(1);
  fixture.upstream.sendErrors.push(osError("EMSGSIZE"), osError("EAGAIN"), osError("EINVAL"));
  for (const data of [2, 3, 4, 5]) await fixture.ask(data);
  assert.deepEqual(fixture.upstream.sent.map(({ data }) => data), [[1], [5]]);
  assert.deepEqual(fixture.errors, { emsgsize: 1n, wouldblock: 1n, send_dropped: 1n });
  const { datagramsIn, bytesIn, activeFlows } = fixture.rule.counters();
  assert.deepEqual([datagramsIn, bytesIn, activeFlows], [2n, 2n, 1]);
  assert.equal(fixture.logger.of("rule.udp_emsgsize")[0]?.level, "debug");
  assert.equal(fixture.logger.of("rule.udp_upstream_wouldblock")[0]?.level, "debug");
});

Deno.test("UdpRule keeps the flow when a reply cannot be sent", async () => {
  await using fixture = new Fixture();
  await fixture.ask(1);
  fixture.listener.sendErrors.push(
    osError("EMSGSIZE"),
    osError("EAGAIN"),
    osError("EHOSTUNREACH"),
  );
  for (const data of [2, 3, 4, 5]) await fixture.reply([data]);
  assert.deepEqual(fixture.listener.sent.map(({ data }) => data), [[5]]);
  assert.deepEqual(fixture.errors, { emsgsize: 1n, wouldblock: 1n });
  assert.equal(fixture.logger.of("rule.udp_reply_send_failed").length, 1);
  assert.equal(fixture.logger.of("rule.udp_reply_wouldblock")[0]?.level, "trace");
  assert.equal(fixture.rule.counters().datagramsOut, 1n);
});

Deno.test("UdpRule lets only so many datagrams of a flow wait for the system", async () => {
  await using fixture = new Fixture();
  await fixture.ask(0);
  const blocked = Promise.withResolvers<void>();
  fixture.upstream.writable = blocked.promise;
  const excess = 5;
  for (let i = 0; i < FORWARD.udpInFlightMax + excess; i++) fixture.listener.deliver([i], client);
  // Another flow is not in the way of this one's.
  fixture.listener.deliver([7], udpEndpoint("192.0.2.9", 9));
  for (let i = 0; i < 10; i++) await turn();
  assert.deepEqual(fixture.errors, { wouldblock: BigInt(excess) });
  assert.deepEqual(fixture.upstream.sent, [{ data: [7], to: "198.51.100.1 90" }]);
  blocked.resolve();
  await turn();
  assert.equal(fixture.rule.counters().datagramsIn, BigInt(FORWARD.udpInFlightMax + 2));
});

Deno.test("UdpRule tries the next address where a socket or a way is missing", async () => {
  await using fixture = new Fixture({
    host: "dns.test",
    addresses: ["198.51.100.1", "198.51.100.2", "2001:db8::1", "2001:db8::2"],
    failBind: ({ hostname }) => hostname === "0.0.0.0" ? osError("EMFILE") : null,
    failSend: ({ hostname }) => hostname === "2001:db8::1" ? osError("ENETUNREACH") : null,
  });
  fixture.listener.deliver([1], client);
  await fixture.ask(2);
  const sent = [1, 2].map((n) => ({ data: [n], to: "2001:db8::2 90" }));
  assert.deepEqual(fixture.upstream.sent, sent);
  assert.equal(fixture.net.bound.length, 2, "the socket of the failed attempt is closed");
  assert.deepEqual(fixture.errors, { upstream_connect_failed: 3n });
  assert.equal(fixture.logger.of("rule.udp_upstream_bind_failed").length, 2);
  assert.equal(fixture.logger.of("rule.udp_upstream_connect_failed").length, 1);
  assert.equal(fixture.rule.counters().dnsFailures, 0n);
});

Deno.test("UdpRule fails over when a target refuses flows, though sending to it succeeds", async () => {
  await using fixture = new Fixture({ list: ["198.51.100.1", "198.51.100.2"] });
  for (let n = 0; n < 3; n++) {
    await fixture.ask(n);
    assert.equal(fixture.upstream.sent[0]?.to, "198.51.100.1 90");
    await fixture.reply(osError("ECONNREFUSED"));
  }
  await fixture.ask(9);
  assert.equal(fixture.upstream.sent[0]?.to, "198.51.100.2 90");
  const healths = fixture.rule.counters().perTarget.map(({ health }) => health);
  assert.deepEqual(healths, ["failed", "healthy"]);
});

Deno.test("UdpRule believes in a target again once it answers", async () => {
  await using fixture = new Fixture({ list: ["198.51.100.1", "198.51.100.2"] });
  for (let n = 0; n < 2; n++) {
    await fixture.ask(n);
    await fixture.reply(osError("ECONNREFUSED"));
  }
  await fixture.ask(2);
  assert.equal(fixture.rule.counters().perTarget[0]?.consecutiveFailures, 2);
  await fixture.reply([1]);
  assert.equal(fixture.rule.counters().perTarget[0]?.consecutiveFailures, 0);
});

Deno.test("UdpRule gives a flow up that no address is left for", async () => {
  await using fixture = new Fixture({
    failBind: ({ port }) => port === 0 ? osError("EMFILE") : null,
  });
  await fixture.ask(1);
  assert.deepEqual(fixture.errors, { upstream_connect_failed: 1n });
  const { activeFlows, dnsFailures } = fixture.rule.counters();
  assert.deepEqual([activeFlows, dnsFailures], [0, 1n]);
  assert.equal(fixture.logger.of("rule.udp_upstream_bind_failed").length, 1);
  const { fields } = fixture.logger.of("rule.udp_dns_failed")[0] ?? assert.fail();
  assert.equal(fields.reason, "all_targets_unreachable");
});

Deno.test("UdpRule goes on after a failed receive, a moment later", async () => {
  await using fixture = new Fixture();
  fixture.listener.deliver(osError("ENOMEM"));
  fixture.listener.deliver([1], client);
  await turn();
  assert.equal(fixture.rule.counters().activeFlows, 0);
  fixture.clock.advance(FORWARD.udpReceiveRetryMs);
  await turn();
  assert.equal(fixture.upstream.sent.length, 1);
  await fixture.reply(osError("ENOMEM"));
  fixture.clock.advance(FORWARD.udpReceiveRetryMs);
  await fixture.reply([2]);
  assert.equal(fixture.listener.sent.length, 1);
  assert.equal(fixture.logger.of("rule.udp_listener_recv_failed").length, 1);
  assert.equal(fixture.logger.of("rule.udp_reply_recv_error").length, 1);
});

Deno.test("UdpRule lets others have their turn while one socket is flooded", async () => {
  await using fixture = new Fixture();
  await fixture.ask(0);
  let turns = 0;
  const count = async () => {
    while (fixture.upstream.sent.length < 1_000) {
      await turn();
      turns += 1;
    }
  };
  for (let i = 1; i < 1_000; i++) fixture.listener.deliver([i % 256], client);
  await count();
  assert.ok(turns >= 1_000 / FORWARD.udpBatchMax - 1, `only ${turns} turns`);
});

Deno.test("UdpRule ends while it waits for anything", async () => {
  await using fixture = new Fixture();
  fixture.listener.deliver(osError("ENOMEM"));
  await turn();
  assert.equal(fixture.clock.pending, 1);
  await fixture.rule.close();
});
