/** What the units do on `systemctl reload`, run as systemd runs it, and told as systemd is told. */

import assert from "node:assert/strict";
import { ROOT } from "../../scripts/build/project.ts";
import { TestConn } from "../kit/conn.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { NotifySocket } from "../kit/notify_socket.ts";
import { freePort } from "../kit/ports.ts";
import type { TestProcess } from "../kit/process.ts";
import { echoTarget } from "../kit/targets.ts";

/** The command of a unit's `ExecReload=`, with other paths, and run without systemd's variables. */
async function reload(
  lab: Lab,
  role: string,
  paths: Readonly<Record<string, string>>,
): Promise<TestProcess> {
  const unit = await Deno.readTextFile(
    `${ROOT}scripts/packaging/systemd/portunus-${role}.service`,
  );
  const command = /^ExecReload=\/bin\/sh -c '(.+)'$/m.exec(unit)?.[1];
  assert.ok(command);
  const script = Object.entries(paths).reduce((text, [a, b]) => text.replaceAll(a, b), command);
  return lab.spawn(`reload ${role}`, ["/bin/sh", "-c", script]);
}

/** The client from source, as a program that has a path. */
async function program(lab: Lab): Promise<string> {
  const path = lab.path("portunus-client");
  const words = lab.programs.client.map((word) => `'${word}'`).join(" ");
  await Deno.writeTextFile(path, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return path;
}

/** The successor, which the service manager is told of; it ends with the test. */
async function mainPid(socket: NotifySocket): Promise<Disposable & { readonly pid: number }> {
  const message = await socket.receive();
  const pid = Number(/^MAINPID=(\d+)$/.exec(message)?.[1] ?? assert.fail(message));
  return {
    pid,
    [Symbol.dispose]: () => Deno.kill(pid, "SIGTERM"),
  };
}

async function startedBy(socket: NotifySocket): Promise<void> {
  assert.equal(await socket.receive(), "READY=1");
  assert.equal(await socket.receive(), "WATCHDOG=1");
}

labTest("reloading the client's unit makes another process the service", async (lab) => {
  using socket = new NotifySocket(lab.path("client.notify"));
  const env = { NOTIFY_SOCKET: socket.name, WATCHDOG_USEC: "600000000" };
  const { operator } = await lab.operated();
  const bundle = await operator.enroll("edge-01", lab.path("edge-01.json"));
  const client = lab.client({ bundle, env });
  await client.event("control.connected");
  await startedBy(socket);
  const paths = {
    "/usr/local/bin/portunus-client": await program(lab),
    "/etc/portunus/client.bundle.json": bundle,
  };
  const reloaded = await reload(lab, "client", paths);
  using successor = await mainPid(socket);
  // It is told nothing by systemd, and knows from the first whom to tell.
  await startedBy(socket);
  assert.equal(await reloaded.status, 0, "the command ends, and the successor goes on");
  assert.equal(await client.status, 0);
  assert.ok(successor.pid !== client.pid);

  const failed = await reload(lab, "client", {
    ...paths,
    "/etc/portunus/client.bundle.json": lab.path("missing.json"),
  });
  assert.equal(await failed.status, 1, "systemctl reload says that it failed");
});

labTest("reloading the standalone unit reads the file, or upgrades", async (lab) => {
  using socket = new NotifySocket(lab.path("standalone.notify"));
  const env = { NOTIFY_SOCKET: socket.name, WATCHDOG_USEC: "600000000" };
  const target = lab.use(echoTarget());
  const port = freePort();
  const file = lab.path("rules.toml");
  await Deno.writeTextFile(
    file,
    `[global]\nlog_level = "info"\n[stats]\nsocket_path = "${lab.path("stats.sock")}"\n` +
      `[[rule]]\nname = "a"\nlisten_port = ${port}\ntarget = "127.0.0.1:${target.port}"\n`,
  );
  const daemon = lab.spawn(
    "standalone",
    [...lab.programs.client, "standalone", "--config", file],
    env,
  );
  await startedBy(socket);
  const paths = {
    "/usr/local/bin/portunus-client": await program(lab),
    "/etc/portunus/standalone.toml": file,
    "/run/portunus/upgrade": lab.path("upgrade"),
    "$MAINPID": `${daemon.pid}`,
  };
  assert.equal(await (await reload(lab, "standalone", paths)).status, 0);
  await daemon.event("config.reloaded", { unchanged: 1 });

  await Deno.writeTextFile(lab.path("upgrade"), "");
  using conn = await TestConn.open(port);
  assert.equal(await conn.echo("before"), "before");
  const upgraded = await reload(lab, "standalone", paths);
  using successor = await mainPid(socket);
  await startedBy(socket);
  assert.equal(await upgraded.status, 0);
  assert.ok(successor.pid !== daemon.pid);
  assert.equal(await conn.echo("after"), "after");
  conn[Symbol.dispose]();
  assert.equal(await daemon.status, 0);
});
