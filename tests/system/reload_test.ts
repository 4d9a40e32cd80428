import assert from "node:assert/strict";
import { generateSelfSigned } from "../../src/wire/self_signed.ts";
import { systemRandom } from "../../src/system/random.ts";
import { fingerprint } from "../../src/wire/certificate.ts";
import { TestConn } from "../kit/conn.ts";
import { labTest } from "../kit/lab.ts";
import { freePort, freeRange } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";

labTest(
  "SIGHUP takes over new limits, and keeps the running ones when the file is wrong",
  async (lab) => {
    const { server, operator } = await lab.connected();
    const toml = `${server.dataDir}/server.toml`;
    const config = await Deno.readTextFile(toml);
    const start = freeRange(2);
    const pushRange = () =>
      operator.command(["push-rule", "edge-01", `${start}-${start + 1}`, "127.0.0.1:9000-9001"]);

    await Deno.writeTextFile(toml, `${config}range_rule_max_ports = 1\n`);
    server.process.signal("SIGHUP");
    await server.process.event("config.reloaded", { certificate_changed: false });
    const refused = await pushRange();
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /exceeds_cap: requested=2 cap=1/);

    await Deno.writeTextFile(toml, `${config}range_rule_max_prots = 2\n`);
    server.process.signal("SIGHUP");
    const { fields } = await server.process.event("config.reload_failed");
    assert.match(String(fields["error"]), /range_rule_max_prots/);
    assert.equal((await pushRange()).code, 3, "the running configuration stays");

    await Deno.writeTextFile(
      toml,
      config.replace(/operator_http_listen.*/, 'operator_http_listen = "127.0.0.1:1"'),
    );
    const mark = server.process.mark();
    server.process.signal("SIGHUP");
    await server.process.event("config.reloaded", { needs_restart: "operatorHttpListen" }, mark);
    assert.equal((await pushRange()).code, 0);
  },
);

labTest("SIGHUP rotates the certificate without touching sessions or traffic", async (lab) => {
  const { server, operator, client } = await lab.connected();
  const target = lab.use(echoTarget());
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  using conn = await TestConn.open(port);
  assert.equal(await conn.echo("before"), "before");

  const next = await generateSelfSigned({
    commonName: "lab",
    names: ["localhost", "127.0.0.1"],
    nowMs: Date.now(),
    random: systemRandom,
  });
  await Deno.writeTextFile(`${server.dataDir}/server.crt`, next.certPem);
  server.process.signal("SIGHUP");
  await server.process.event("config.reload_failed");
  await Deno.writeTextFile(`${server.dataDir}/server.key`, next.keyPem);
  server.process.signal("SIGHUP");
  await server.process.event("config.reloaded", { certificate_changed: true });

  const uri = await operator.enrollmentUri("edge-02");
  assert.ok(
    uri.includes(`pin=sha256:${fingerprint(next.certPem)}&`),
    "new clients pin the new certificate",
  );
  const bundle = lab.path("edge-02.json");
  assert.equal((await lab.clientCommand(["enroll", "-", "--out", bundle], {}, uri)).code, 0);
  await lab.client({ bundle }).event("control.connected");
  assert.equal(await conn.echo("after"), "after");
  assert.deepEqual(client.logs.all("control.disconnected"), []);
});
