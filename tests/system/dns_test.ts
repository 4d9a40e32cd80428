/** Targets by name: a real client whose system asks a name server that the test runs. */

import assert from "node:assert/strict";
import { TestConn } from "../kit/conn.ts";
import { FakeDns } from "../kit/fake_dns.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import type { TestProcess } from "../kit/process.ts";
import { skip } from "../kit/skip.ts";
import { echoTarget } from "../kit/targets.ts";

/** An address of the loopback network for a name server, whose port can't be chosen. */
const serverAddress = `127.53.${1 + Math.floor(Math.random() * 250)}.53`;

/** A client in a mount namespace of its own, so that it alone sees another resolv.conf. */
async function standalone(lab: Lab, rules: string, search = ""): Promise<TestProcess> {
  await Deno.writeTextFile(lab.path("resolv.conf"), `nameserver ${serverAddress}\n${search}`);
  await Deno.writeTextFile(
    lab.path("portunus.toml"),
    `[global]\nlog_level = "info"\n[stats]\nenabled = false\n${rules}`,
  );
  const mountThenRun = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const inNamespace = [
    "unshare",
    "--mount",
    "/bin/sh",
    "-c",
    mountThenRun,
    lab.path("resolv.conf"),
  ];
  const client = lab.spawn("portunus-client", [
    ...inNamespace,
    ...lab.programs.client,
    "standalone",
    "--config",
    lab.path("portunus.toml"),
  ]);
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
  "the next address of a name is tried, names are searched for, unknown ones are refused",
  async (lab) => {
    if (Deno.uid() !== 0) return skip("targets by name", "another resolv.conf needs root");
    await using dns = new FakeDns({ hostname: serverAddress, port: 53 });
    const target = lab.use(echoTarget());
    dns.set("two.test", { a: ["127.0.0.2", "127.0.0.1"] });
    dns.set("short.lab.test", { a: ["127.0.0.1"] });
    const [two, short, gone] = [freePort(), freePort(), freePort()];
    const client = await standalone(
      lab,
      rule("two", two, `two.test:${target.port}`) + rule("short", short, `short:${target.port}`) +
        rule("gone", gone, `gone.test:${target.port}`),
      "search lab.test\n",
    );

    for (const port of [two, short]) {
      using conn = await TestConn.open(port);
      assert.equal(await conn.echo("hello"), "hello");
    }
    using refused = await TestConn.open(gone);
    await refused.closed();
    const { fields } = await client.event("rule.dns_failed");
    assert.deepEqual([fields["hostname"], fields["reason"]], ["gone.test", "nxdomain"]);
  },
);
