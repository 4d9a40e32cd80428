import assert from "node:assert/strict";
import type { RuleSpec } from "../../src/core/rule.ts";
import type { Forwarder } from "../../src/forward/forwarder.ts";
import { clientHello, inRecords } from "../kit/client_hello.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import {
  ended,
  type Engine,
  ENGINES,
  isRefused,
  openOnFreePorts,
  readExactly,
  stalled,
  Targets,
  tryListen,
  until,
  writeAll,
} from "./kit.ts";
import { tcpRule } from "./rules.ts";

const text = (value: string) => new TextEncoder().encode(value);

const HELLOS = {
  api: await clientHello("api.example.com"),
  www: await clientHello("www.example.com"),
  other: await clientHello("other.test"),
  none: await clientHello(null, "TLSv1.2"),
};

/** Rules that share a port, each with a target of its own. */
class SniRig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly forwarder: Forwarder;
  readonly #clients: Deno.TcpConn[] = [];
  port = 0;

  constructor(engine: Engine, readonly loopback: "127.0.0.1" | "::1", readonly targets: Targets) {
    this.forwarder = engine.create(this);
  }

  /** Rule number `n`, to target number `n`. */
  rule(n: number, sniPattern: string | null, listen = this.port): RuleSpec {
    const target = this.targets.ports.start + n;
    const targetHost = this.loopback === "::1" ? "[::1]" : this.loopback;
    return tcpRule({ id: BigInt(n), listen, target, targetHost, sniPattern });
  }

  /** Opens rules in the order of `patterns`. */
  async open(...patterns: (string | null)[]): Promise<void> {
    const [first = null, ...others] = patterns;
    const spec = await openOnFreePorts(
      this.forwarder,
      1,
      ({ start }) => this.rule(0, first, start),
    );
    this.port = spec.listen.start;
    for (const [i, pattern] of others.entries()) {
      assert.deepEqual(await this.forwarder.open(this.rule(i + 1, pattern)), { ok: true });
    }
  }

  async connect(): Promise<Deno.TcpConn> {
    const client = await Deno.connect({ hostname: this.loopback, port: this.port });
    this.#clients.push(client);
    return client;
  }

  /** Connects, says `hello`, and expects target number `n` to get it, and to be able to answer. */
  async reaches(n: number, hello: Uint8Array, sent = hello) {
    const client = await this.connect();
    await writeAll(client, sent);
    const target = await this.targets.accept(n);
    assert.deepEqual(await readExactly(target, sent.length), Uint8Array.from(sent));
    await writeAll(target, text("server hello"));
    assert.deepEqual(await readExactly(client, 12), text("server hello"));
    return { client, target };
  }

  counters(n: number) {
    const { rules } = this.forwarder.counters();
    return rules.find(({ ruleId }) => ruleId === BigInt(n)) ?? assert.fail(`rule ${n}`);
  }

  get listener() {
    return this.forwarder.counters().sniListeners[0] ?? assert.fail("no shared port");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.targets[Symbol.dispose]();
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.forwarder[Symbol.asyncDispose]();
    assert.equal(this.clock.pending, 0, "a timer was left behind");
  }
}

const VARIANTS = ENGINES.flatMap((engine) =>
  (["127.0.0.1", "::1"] as const).map((loopback) => ({
    engine,
    loopback,
    name: `${engine.name} ${loopback === "::1" ? "v6" : "v4"}`,
  }))
);

for (const { engine, loopback, name } of VARIANTS) {
  const test = (what: string, run: (rig: SniRig) => Promise<void>) =>
    Deno.test(`tcp sni [${name}] ${what}`, async () => {
      await using rig = new SniRig(engine, loopback, await Targets.listen(loopback, 3));
      await run(rig);
    });

  test("the server name decides, the rest goes to the fallback", async (rig) => {
    await rig.open("api.example.com", "*.example.com", null);
    await rig.reaches(0, HELLOS.api);
    await rig.reaches(1, HELLOS.www);
    await rig.reaches(2, HELLOS.other);
    await rig.reaches(2, HELLOS.none);
    const routes = [0, 1, 2].map((n) => rig.counters(n).sniRoutes);
    assert.deepEqual(routes, [
      { exact: 1n, wildcard: 0n, fallback: 0n },
      { exact: 0n, wildcard: 1n, fallback: 0n },
      { exact: 0n, wildcard: 0n, fallback: 2n },
    ]);
    assert.equal(rig.counters(0).bytesIn, BigInt(HELLOS.api.length));
    assert.equal(rig.counters(0).bytesOut, 12n);
    const { listenPort, misses, parseFailures, peekCount } = rig.listener;
    assert.deepEqual([listenPort, misses, parseFailures, peekCount], [rig.port, 0n, 0n, 4n]);
    const said = rig.logger.of("tls.sni_routed").map(({ fields }) => [
      fields["server_name"],
      fields["match_kind"],
      fields["rule_id"],
    ]);
    assert.deepEqual(said, [
      ["api.example.com", "exact", "0"],
      ["www.example.com", "wildcard", "1"],
      ["other.test", "fallback", "2"],
    ]);
    const [nameless] = rig.logger.of("tls.no_sni");
    assert.deepEqual([nameless?.level, nameless?.fields["fallback_used"]], ["info", true]);
  });

  test("without a match, and for what is no TLS, the connection is closed", async (rig) => {
    await rig.open("api.example.com");
    for (const sent of [HELLOS.other, HELLOS.none, text("GET / HTTP/1.1\r\n\r\n")]) {
      const client = await rig.connect();
      await writeAll(client, sent);
      await ended(client);
    }
    assert.deepEqual([rig.listener.misses, rig.listener.parseFailures], [2n, 1n]);
    await rig.logger.seen("tls.sni_no_match");
    assert.equal(rig.logger.of("tls.no_sni")[0]?.fields["fallback_used"], false);
    await rig.logger.seen("tls.parse_failed");
    await rig.reaches(0, HELLOS.api);
  });

  test("a silent client is given up after three seconds", async (rig) => {
    await rig.open("api.example.com");
    const client = await rig.connect();
    await writeAll(client, HELLOS.api.subarray(0, 20));
    await until(() => rig.clock.pending === 1);
    await stalled(() => rig.clock.pending);
    rig.clock.advance(3_000);
    await ended(client);
    const { fields } = await rig.logger.seen("tls.client_hello_timeout");
    // Whoever injects faults may hold back what was sent.
    if (!name.includes("FAULTS")) assert.equal(fields["bytes_read"], 20);
    assert.equal(rig.listener.parseFailures, 1n);
  });

  test("a hello in pieces, of records and of segments, is put together", async (rig) => {
    await rig.open("api.example.com");
    await rig.reaches(0, HELLOS.api, inRecords(HELLOS.api, [1, 2, 40, 100]));
    const client = await rig.connect();
    const sent = inRecords(HELLOS.api, [70]);
    for (let at = 0; at < sent.length; at += 30) {
      await writeAll(client, sent.subarray(at, at + 30));
      await until(() => rig.clock.pending > 0);
    }
    const target = await rig.targets.accept(0);
    assert.deepEqual(await readExactly(target, sent.length), sent);
  });

  test("of several targets a dead one makes way, and each hears who connects first", async (rig) => {
    await rig.open("www.example.com");
    const { ports: { start } } = rig.targets;
    const host = loopback === "::1" ? "[::1]" : loopback;
    const at = (port: number) => ({ host, port, priority: 0, proxyProtocol: "v1" }) as const;
    const absent = await Targets.listen(loopback, 1);
    absent[Symbol.dispose]();
    const targets = [at(absent.ports.start), at(start + 1)];
    const listed = { ...rig.rule(1, "api.example.com"), targets };
    assert.deepEqual(await rig.forwarder.open(listed), { ok: true });

    const client = await rig.connect();
    await writeAll(client, HELLOS.api);
    const target = await rig.targets.accept(1);

    const family = loopback === "::1" ? "TCP6" : "TCP4";
    const header = text(
      `PROXY ${family} ${loopback} ${loopback} ${client.localAddr.port} ${rig.port}\r\n`,
    );
    const expected = Uint8Array.of(...header, ...HELLOS.api);
    assert.deepEqual(await readExactly(target, expected.length), expected);
    await rig.logger.seen("rule.target.dial_failed");
    const { perTarget, bytesIn, activeConnections } = rig.counters(1);
    assert.deepEqual(perTarget.map((it) => it.connectionsAccepted), [0n, 1n]);
    assert.deepEqual([bytesIn, activeConnections], [BigInt(HELLOS.api.length), 1]);
  });

  test("caps are asked once the rule is known, and refuse before a target is", async (rig) => {
    await rig.open("api.example.com", null);
    rig.forwarder.setLimits(0n, { concurrentConnections: 1 });
    const { client, target } = await rig.reaches(0, HELLOS.api);
    const refused = await rig.connect();
    await writeAll(refused, HELLOS.api);
    await ended(refused);
    const { fields } = await rig.logger.seen("tls.rate_limit_reject");
    assert.deepEqual(fields, {
      rule_id: "0",
      listen_port: rig.port,
      peer: fields.peer,
      target: "tls_sni",
      scope: "rule",
      reason: "conn_concurrent",
    });
    const { sniRoutes, rateLimit } = rig.counters(0);
    assert.deepEqual([sniRoutes.exact, rateLimit?.rejects.conn_concurrent], [2n, 1n]);
    await rig.reaches(1, HELLOS.www);
    client.close();
    target.close();
    await until(() => rig.counters(0).activeConnections === 0);
    await rig.reaches(0, HELLOS.api);
  });

  test("rules come and go under established connections", async (rig) => {
    await rig.open("api.example.com", "www.example.com");
    const api = await rig.reaches(0, HELLOS.api);
    const www = await rig.reaches(1, HELLOS.www);
    const closing = rig.forwarder.close(0n, 60_000);
    await closing.released;
    const refused = await rig.connect();
    await writeAll(refused, HELLOS.api);
    await ended(refused);
    assert.deepEqual(await rig.forwarder.open(rig.rule(2, "*.example.com")), { ok: true });
    await rig.reaches(2, HELLOS.api);
    for (const { client, target } of [api, www]) {
      await writeAll(client, text("still here"));
      assert.deepEqual(await readExactly(target, 10), text("still here"));
    }
    api.client.close();
    api.target.close();
    await closing.drained;
  });

  test("the last rule takes the port with it", async (rig) => {
    await rig.open("api.example.com", null);
    await rig.forwarder.close(0n, 0).drained;
    await rig.reaches(1, HELLOS.other);
    const { released, drained } = rig.forwarder.close(1n, 0);
    await released;
    assert.ok(await isRefused(loopback, rig.port));
    using _free = tryListen(loopback, rig.port) ?? assert.fail("the port is not free");
    await drained;
    assert.deepEqual(rig.forwarder.counters().sniListeners, []);
  });

  test("the last rule drains like any other; what has no rule yet is closed", async (rig) => {
    await rig.open("api.example.com");
    const { client, target } = await rig.reaches(0, HELLOS.api);
    const undecided = await rig.connect();
    await until(() => rig.clock.pending === 1);
    const { released, drained } = rig.forwarder.close(0n, 60_000);
    await released;
    await ended(undecided);
    await writeAll(client, text("still here"));
    assert.deepEqual(await readExactly(target, 10), text("still here"));
    rig.clock.advance(60_000);
    await drained;
    await Promise.all([ended(client), ended(target)]);
  });

  test("a rule without a pattern that was there first becomes the fallback", async (rig) => {
    await rig.open(null);
    const plain = await rig.reaches(0, text("no TLS at all"));
    assert.deepEqual(await rig.forwarder.open(rig.rule(1, "api.example.com")), { ok: true });
    await rig.reaches(1, HELLOS.api);
    await rig.reaches(0, HELLOS.www);
    await writeAll(plain.client, text("still here"));
    assert.deepEqual(await readExactly(plain.target, 10), text("still here"));
    assert.equal(rig.counters(0).sniRoutes.fallback, 1n);
    await rig.forwarder.close(0n, 0).drained;
    await rig.reaches(1, HELLOS.api);
  });

  test("each pattern is taken once, and there is one fallback", async (rig) => {
    await rig.open("api.example.com", null);
    for (const pattern of ["api.example.com", null]) {
      assert.deepEqual(
        await rig.forwarder.open(rig.rule(2, pattern)),
        { ok: false, reason: "mode_change_unsupported" },
      );
    }
    assert.equal(rig.forwarder.counters().rules.length, 2);
  });

  test("a taken port says why, and nothing stays behind", async (rig) => {
    await rig.open("api.example.com");
    const { port } = rig;
    await rig.forwarder.close(0n, 0).drained;
    using _taken = tryListen("::", port) ?? assert.fail("port taken meanwhile");
    assert.deepEqual(
      await rig.forwarder.open(rig.rule(0, "api.example.com")),
      { ok: false, reason: "bind_failed:port_in_use" },
    );
    assert.deepEqual(rig.forwarder.counters(), { rules: [], sniListeners: [], owners: [] });
  });
}
