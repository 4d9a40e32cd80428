/** Targets by name: a real client whose system asks a name server that the test runs. */

import assert from "node:assert/strict";
import { setInterval } from "node:timers/promises";
import { TestConn } from "../kit/conn.ts";
import { FakeDns } from "../kit/fake_dns.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import type { TestProcess } from "../kit/process.ts";
import { sourcePrograms } from "../kit/programs.ts";
import { skip } from "../kit/skip.ts";
import { echoTarget } from "../kit/targets.ts";

const FAST = ["--reconnect-initial-delay-ms", "50", "--reconnect-max-delay-secs", "1"];

/** An address of the loopback network for a name server, whose port can't be chosen. */
const serverAddress = `127.53.${1 + Math.floor(Math.random() * 250)}.53`;

/** `command` in a mount namespace of its own, so that it alone sees another name service. */
async function withNames(
  lab: Lab,
  command: readonly string[],
  resolvConf = "",
): Promise<TestProcess> {
  await Deno.writeTextFile(lab.path("resolv.conf"), `nameserver ${serverAddress}\n${resolvConf}`);
  await Deno.writeTextFile(lab.path("hosts"), "127.0.0.1 localhost at-home\n");
  const mountThenRun =
    'for f in resolv.conf hosts; do mount --bind "$0/$f" "/etc/$f" || exit; done' +
    ' && exec "$@"';
  return lab.spawn("portunus-client", [
    ...["unshare", "--mount", "/bin/sh", "-c", mountThenRun, lab.path(".")],
    ...command,
  ]);
}

async function standalone(lab: Lab, rules: string, resolvConf = ""): Promise<TestProcess> {
  await Deno.writeTextFile(
    lab.path("portunus.toml"),
    `[global]\nlog_level = "info"\n[stats]\nenabled = false\n${rules}`,
  );
  const command = ["standalone", "--config", lab.path("portunus.toml")];
  const client = await withNames(lab, [...lab.programs.client, ...command], resolvConf);
  await client.event("standalone.started");
  return client;
}

const rule = (name: string, listen: number, target: string) =>
  `[[rule]]\nname = "${name}"\nlisten_port = ${listen}\ntarget = "${target}"\n`;

labTest("a name is looked up once, and serves on while its name server is silent", async (lab) => {
  if (Deno.uid() !== 0) return skip("targets by name", "another resolv.conf needs root");
  await using dns = new FakeDns({ hostname: serverAddress, port: 53 });
  const target = lab.use(echoTarget());
  dns.set("db.test", { a: ["127.0.0.1"], ttl: 300 });
  const listen = freePort();
  const client = await standalone(lab, rule("db", listen, `db.test:${target.port}`));

  const conns = await Promise.all(Array.from({ length: 20 }, () => TestConn.open(listen)));
  for (const conn of conns) {
    assert.equal(await conn.echo("by name"), "by name");
    conn[Symbol.dispose]();
  }
  dns.isSilent = true;
  using later = await TestConn.open(listen);
  assert.equal(await later.echo("from memory"), "from memory");

  assert.deepEqual([...dns.queries].sort(), ["A db.test", "AAAA db.test"]);
  const resolved = client.logs.all("rule.dns_resolved");
  assert.deepEqual(resolved.map(({ fields }) => [fields["hostname"], fields["chosen_addr"]]), [
    ["db.test", "127.0.0.1"],
  ]);
});

labTest(
  "addresses in turn, search list and hosts file are used, unknown names are refused",
  async (lab) => {
    if (Deno.uid() !== 0) return skip("targets by name", "another resolv.conf needs root");
    await using dns = new FakeDns({ hostname: serverAddress, port: 53 });
    const target = lab.use(echoTarget());
    dns.set("two.test", { a: ["127.0.0.2", "127.0.0.1"] });
    dns.set("short.lab.test", { a: ["127.0.0.1"] });
    const [two, short, home, gone] = [freePort(), freePort(), freePort(), freePort()];
    const client = await standalone(
      lab,
      rule("two", two, `two.test:${target.port}`) + rule("short", short, `short:${target.port}`) +
        rule("home", home, `at-home:${target.port}`) +
        rule("gone", gone, `gone.test:${target.port}`),
      "search lab.test\n",
    );

    for (const port of [two, short, home]) {
      using conn = await TestConn.open(port);
      assert.equal(await conn.echo("hello"), "hello");
    }
    assert.ok(!dns.queries.some((query) => query.includes("at-home")), "that is in the file");
    using refused = await TestConn.open(gone);
    await refused.closed();
    const { fields } = await client.event("rule.dns_failed");
    assert.deepEqual([fields["hostname"], fields["reason"]], ["gone.test", "nxdomain"]);
  },
);

/** A server that tells each client which of its addresses was called. */
function addressTarget(): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "::", port: 0 });
  void (async () => {
    for await (const conn of listener) {
      await conn.write(new TextEncoder().encode(conn.localAddr.hostname));
      conn.close();
    }
  })();
  return listener;
}

/** Connects again and again until `isEnough` of what the target says, which it returns. */
async function asked(port: number, isEnough: (address: string) => boolean): Promise<string> {
  for await (const _ of setInterval(100)) {
    const conn = await Deno.connect({ port });
    const address = await new Response(conn.readable).text();
    if (isEnough(address)) return address.replace("::ffff:", "");
  }
  return assert.fail("there is no end to it");
}

labTest("connections follow a name to another address, and outlive its server", async (lab) => {
  if (Deno.uid() !== 0) return skip("targets by name", "another resolv.conf needs root");
  await using dns = new FakeDns({ hostname: serverAddress, port: 53 });
  using target = addressTarget();
  dns.set("db.test", { a: ["127.0.0.1"], ttl: 1 });
  const listen = freePort();
  const client = await standalone(lab, rule("db", listen, `db.test:${target.addr.port}`));
  assert.equal(await asked(listen, () => true), "127.0.0.1");

  dns.set("db.test", { aaaa: ["::1"], ttl: 1 });
  assert.equal(await asked(listen, (address) => address === "::1"), "::1");

  dns.isSilent = true;
  const before = dns.queries.length;
  assert.equal(await asked(listen, () => dns.queries.length > before), "::1");
  const resolved = client.logs.all("rule.dns_resolved");
  assert.deepEqual(resolved.map(({ fields }) => fields["chosen_addr"]), ["127.0.0.1", "::1"]);
  assert.deepEqual(client.logs.all("rule.dns_failed"), []);
}, () => sourcePrograms({ preload: "time_lapse.ts?speed=3" }));

labTest(
  "without a name service, what is known works on, and all works when it is back",
  async (lab) => {
    if (Deno.uid() !== 0) return skip("a server by name", "another resolv.conf needs root");
    await using dns = new FakeDns({ hostname: serverAddress, port: 53 });
    const { server, operator } = await lab.operated();
    const bundle = await operator.enroll("edge-01", lab.path("edge-01.json"));
    const content = JSON.parse(await Deno.readTextFile(bundle));
    const serverPort = server.grpc.slice(server.grpc.lastIndexOf(":") + 1);
    await Deno.writeTextFile(
      bundle,
      JSON.stringify({ ...content, server_endpoint: `portunus.test:${serverPort}` }),
    );
    for (const name of ["portunus.test", "known.test", "unknown.test"]) {
      dns.set(name, { a: ["127.0.0.1"], ttl: 300 });
    }
    const client = await withNames(
      lab,
      [...lab.programs.client, "--bundle", bundle, ...FAST],
      "options timeout:1 attempts:1\n",
    );
    await client.event("control.connected");
    const target = lab.use(echoTarget());
    const [literal, known, unknown] = [freePort(), freePort(), freePort()];
    await operator.push("edge-01", literal, `127.0.0.1:${target.port}`);
    await operator.push("edge-01", known, `known.test:${target.port}`);
    await operator.push("edge-01", unknown, `unknown.test:${target.port}`);
    const works = async (port: number) => {
      using conn = await TestConn.open(port);
      assert.equal(await conn.echo("hello"), "hello");
    };
    await works(known);

    dns.isSilent = true;
    const mark = client.mark();
    await server.process.kill();
    await lab.server();
    const lost = await client.event("control.connect_failed", {}, mark);
    assert.match(
      String(lost.fields["error"]),
      /Name resolution failed for target dns:portunus\.test/,
    );
    for (const port of [literal, known]) await works(port);
    {
      using refused = await TestConn.open(unknown);
      await refused.closed();
    }
    const { fields } = await client.event("rule.dns_failed", {}, mark);
    assert.deepEqual([fields["hostname"], fields["reason"]], ["unknown.test", "attempt_timeout"]);
    assert.deepEqual(client.logs.all("control.connected").length, 1);

    dns.isSilent = false;
    await client.event("control.connected", {}, mark);
    for (const port of [literal, known]) await works(port);
    // That a name is unknown is believed for three seconds.
    for await (
      const _ of setInterval(100)
    ) if (await works(unknown).then(() => true, () => false)) break;
    assert.equal(client.logs.all("rule.activated").length, 3, "no rule was touched");
  },
);
