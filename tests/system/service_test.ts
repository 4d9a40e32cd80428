import assert from "node:assert/strict";
import { type Lab, labTest } from "../kit/lab.ts";
import { TestConn } from "../kit/conn.ts";
import { NotifySocket } from "../kit/notify_socket.ts";
import { freePort } from "../kit/ports.ts";
import type { TestProcess } from "../kit/process.ts";
import { echoTarget } from "../kit/targets.ts";

/** A socket as systemd has one, and the environment that names it. */
function serviceManager(lab: Lab, name: string) {
  const socket = new NotifySocket(lab.path(`${name}.notify`));
  const env = { NOTIFY_SOCKET: socket.name, WATCHDOG_USEC: "600000000" };
  return { socket, env, [Symbol.dispose]: () => socket[Symbol.dispose]() };
}

async function hearsWholeLife(socket: NotifySocket, process: TestProcess): Promise<void> {
  assert.equal(await socket.receive(), "READY=1");
  assert.equal(await socket.receive(), "WATCHDOG=1");
  process.signal("SIGTERM");
  assert.equal(await socket.receive(), "STOPPING=1");
  assert.equal(await process.status, 0);
}

labTest("all three daemons tell systemd when they work and when they stop", async (lab) => {
  using forServer = serviceManager(lab, "server");
  const { operator, server } = await lab.operated({ env: forServer.env });
  const bundle = await operator.enroll("edge-01", lab.path("edge-01.json"));

  using forClient = serviceManager(lab, "client");
  const client = lab.client({ bundle, env: forClient.env });
  await client.event("control.connected");
  await hearsWholeLife(forClient.socket, client);
  await hearsWholeLife(forServer.socket, server.process);

  using offline = serviceManager(lab, "offline");
  const alone = lab.client({ bundle, env: offline.env });
  await hearsWholeLife(offline.socket, alone);

  using forStandalone = serviceManager(lab, "standalone");
  const file = lab.path("rules.toml");
  await Deno.writeTextFile(
    file,
    `[stats]\nenabled = false\n[[rule]]\nname = "a"\nlisten_port = ${freePort()}\ntarget = "127.0.0.1:9"\n`,
  );
  const standalone = lab.spawn(
    "standalone",
    [...lab.programs.client, "standalone", "--config", file],
    forStandalone.env,
  );
  await hearsWholeLife(forStandalone.socket, standalone);
});

labTest("a stopping client drains; a second signal ends it at once", async (lab) => {
  const { operator, client } = await lab.connected();
  const target = lab.use(echoTarget());
  const port = freePort();
  await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
  using conn = await TestConn.open(port);
  assert.equal(await conn.echo("before"), "before");
  client.signal("SIGTERM");
  await client.event("shutdown.signal", { signal: "SIGTERM" });
  assert.equal(await conn.echo("while it drains"), "while it drains");
  client.signal("SIGTERM");
  assert.equal(await client.status, 143);
  await client.event("shutdown.forced");
});
