import assert from "node:assert/strict";
import { type ListenerTarget, sendNoise } from "../fuzz/listeners.ts";
import { TestConn } from "../kit/conn.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import { seeded } from "../kit/seeded.ts";
import { echoTarget } from "../kit/targets.ts";

/** How long each listener gets noise, in seconds; `deno task fuzz-listeners` gives it more. */
const SECONDS = Number(Deno.env.get("PORTUNUS_NOISE_SECONDS") ?? 2);
// A comparison with something that is no number would end each loop at its first turn.
assert.ok(SECONDS > 0, `PORTUNUS_NOISE_SECONDS: ${SECONDS}`);
/** At a time. */
const CONNECTIONS = 8;

const portOf = (address: string) => Number(address.slice(address.lastIndexOf(":") + 1));

/** Sends noise for a while, and returns how many connections there were. */
async function makeNoise(target: ListenerTarget, seed: number): Promise<number> {
  const until = performance.now() + SECONDS * 1_000;
  let count = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async (_, i) => {
    const draw = seeded(seed + i);
    do {
      await sendNoise(target, draw);
      count += 1;
    } while (performance.now() < until);
  }));
  return count;
}

async function standalone(lab: Lab, upstream: number): Promise<{ port: number; socket: string }> {
  const port = freePort();
  const socket = lab.path("stats.sock");
  const file = lab.path("rules.toml");
  await Deno.writeTextFile(
    file,
    `[global]\nlog_level = "info"\n[stats]\nsocket_path = "${socket}"\n[[rule]]\nname = "a"\n` +
      `listen_port = ${port}\ntarget = "127.0.0.1:${upstream}"\n`,
  );
  const process = lab.spawn("standalone", [...lab.programs.client, "standalone", "--config", file]);
  await process.event("standalone.started");
  return { port, socket };
}

labTest("random bytes on every listener break nothing", async (lab) => {
  const seed = Number(Deno.env.get("PORTUNUS_NOISE_SEED") ?? Math.floor(Math.random() * 2 ** 32));
  const { server, operator, client } = await lab.connected();
  const echo = lab.use(echoTarget());
  const [plain, byName] = [freePort(), freePort()];
  await operator.push("edge-01", plain, `127.0.0.1:${echo.port}`);
  const sni = ["--sni", "www.example.com", "--target", `127.0.0.1:${echo.port}`];
  const pushed = await operator.command(["push-rule", "edge-01", String(byName), ...sni]);
  assert.equal(pushed.code, 0, pushed.stderr);
  const alone = await standalone(lab, echo.port);
  const targets: readonly ListenerTarget[] = [
    { name: "control", port: portOf(server.grpc), tls: ["h2"] },
    { name: "operator", port: portOf(server.http) },
    { name: "metrics", port: portOf(server.metrics) },
    { name: "forwarded by name", port: byName, tls: ["h2"] },
    { name: "forwarded", port: plain },
    { name: "stats socket", path: alone.socket },
  ];
  for (const target of targets) {
    const count = await makeNoise(target, seed);
    assert.ok(count >= CONNECTIONS, `${target.name}: ${count} connections (seed ${seed})`);
  }
  for (const port of [plain, alone.port]) {
    using conn = await TestConn.open(port);
    assert.equal(await conn.echo("still here"), "still here", `seed ${seed}`);
  }
  const ready = await fetch(`http://${server.http}/readyz`);
  await ready.body?.cancel();
  assert.equal(ready.status, 200, `seed ${seed}`);
  const metrics = await fetch(`http://${server.metrics}/metrics`);
  assert.match(await metrics.text(), /^portunus_clients_connected 1$/m, `seed ${seed}`);
  assert.deepEqual(client.logs.all("control.disconnected"), [], `seed ${seed}`);
  assert.deepEqual(server.process.logs.all("operator.internal_error"), [], `seed ${seed}`);
  assert.equal(await client.stop(), 0);
  assert.equal(await server.process.stop(), 0);
});
