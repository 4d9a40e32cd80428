import assert from "node:assert/strict";
import { ROOT } from "../../scripts/build/project.ts";
import { udpEchoServer } from "../../scripts/soak/udp_load.ts";
import { findTool } from "../binary/sandbox.ts";
import { TestConn } from "../kit/conn.ts";
import { labTest } from "../kit/lab.ts";
import type { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import type { TestProcess } from "../kit/process.ts";
import { sourcePrograms } from "../kit/programs.ts";
import { skip } from "../kit/skip.ts";
import { echoTarget } from "../kit/targets.ts";

const PACKAGING = `${ROOT}scripts/packaging`;
const ROLES = ["server", "client", "standalone"] as const;

/** What `systemd-analyze security` may say at the most; 10 is a service without any restriction. */
const EXPOSURE_MAX = 2;

async function output(command: readonly string[]): Promise<string> {
  const [program = "", ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const text = new TextDecoder();
  assert.ok(success, `${command.join(" ")}\n${text.decode(stdout)}${text.decode(stderr)}`);
  return text.decode(stdout);
}

const unitOf = (role: string) => `${PACKAGING}/systemd/portunus-${role}.service`;

Deno.test("the units are as closed as systemd can judge", async () => {
  if (findTool("systemd-analyze") === undefined) return skip("units", "no systemd-analyze");
  for (const role of ROLES) {
    const said = await output([
      "systemd-analyze",
      "security",
      "--offline=true",
      "--no-pager",
      `--threshold=${EXPOSURE_MAX * 10}`,
      unitOf(role),
    ]);
    assert.match(said, /Overall exposure level/);
  }
});

Deno.test("the Kubernetes manifests can be read together", async () => {
  if (findTool("kubectl") === undefined) return skip("manifests", "no kubectl");
  const all = await output(["kubectl", "kustomize", `${PACKAGING}/kubernetes`]);
  for (const kind of ["ConfigMap", "Deployment", "StatefulSet", "Service"]) {
    assert.match(all, new RegExp(`^kind: ${kind}$`, "m"));
  }
  assert.equal(all.match(/readOnlyRootFilesystem: true/g)?.length, 2);
});

Deno.test("OpenRC's scripts are POSIX shell", async () => {
  if (findTool("dash") === undefined) return skip("OpenRC", "no dash");
  for (const role of ROLES) {
    await output(["dash", "-n", `${PACKAGING}/openrc/portunus-${role}.initd`]);
    await output(["dash", "-n", `${PACKAGING}/openrc/portunus-${role}.confd`]);
  }
});

/** System calls of the sets that `filter` names, as systemd knows them. */
async function systemCalls(...names: readonly string[]): Promise<Set<string>> {
  const text = await output(["systemd-analyze", "syscall-filter", "--no-pager", ...names]);
  const found = new Set<string>();
  const sets: string[] = [];
  for (const line of text.split("\n")) {
    const name = /^ {4}(\S+)$/.exec(line)?.[1];
    if (name?.startsWith("@")) sets.push(name);
    else if (name !== undefined && name !== "#") found.add(name);
  }
  return sets.length === 0 ? found : found.union(await systemCalls(...sets));
}

/** What a unit's `SystemCallFilter=` lines let through. */
async function allowedBy(unit: string): Promise<Set<string>> {
  let allowed = new Set<string>();
  for (const [, not, names = ""] of unit.matchAll(/^SystemCallFilter=(~?)(.+)$/gm)) {
    const calls = await systemCalls(...names.split(" "));
    allowed = not === "" ? allowed.union(calls) : allowed.difference(calls);
  }
  return allowed;
}

/** Refused calls that programs do without: V8 asks for memory keys; as root, SQLite keeps owners. */
const DISPENSABLE = new Set(["pkey_alloc", "fchown"]);

async function stopTraced(tracer: TestProcess): Promise<void> {
  const path = `/proc/${tracer.pid}/task/${tracer.pid}/children`;
  for (const pid of (await Deno.readTextFile(path)).trim().split(" ")) {
    Deno.kill(Number(pid), "SIGTERM");
  }
  await tracer.status;
}

/** Sends a datagram through a new rule and back. */
async function echoDatagram(operator: Operator): Promise<void> {
  using target = udpEchoServer();
  const port = freePort();
  const rule = [`${port}`, `127.0.0.1:${target.port}`, "--protocol", "udp"];
  await operator.ok(["push-rule", "edge-01", ...rule]);
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  try {
    await socket.send(new Uint8Array([1]), { transport: "udp", hostname: "127.0.0.1", port });
    assert.deepEqual([...(await socket.receive())[0]], [1]);
  } finally {
    socket.close();
  }
}

const trace = (role: string) => `/tmp/portunus-trace-${role}-${Deno.pid}.txt`;

labTest("the units refuse no system call that the programs need", async (lab) => {
  const tools = ["strace", "systemd-analyze"];
  const missing = tools.find((it) => Deno.build.os !== "linux" || findTool(it) === undefined);
  if (missing !== undefined) return skip("system calls", `no ${missing}`);
  try {
    const { server, operator, client } = await lab.connected();
    const target = lab.use(echoTarget());
    const port = freePort();
    await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
    using conn = await TestConn.open(port);
    assert.equal(await conn.echo("traced"), "traced");
    conn.conn.close();
    await echoDatagram(operator);
    await stopTraced(client);
    await stopTraced(server.process);
    for (const role of ["server", "client"]) {
      const allowed = await allowedBy(await Deno.readTextFile(unitOf(role)));
      const text = await Deno.readTextFile(trace(role));
      const used = new Set([...text.matchAll(/^\d+ +([a-z]\w*)\(/gm)].map(([, name = ""]) => name));
      assert.ok(used.size > 40, `${used.size} system calls seen`);
      assert.deepEqual([...used.difference(allowed).difference(DISPENSABLE)], [], role);
    }
  } finally {
    for (const role of ["server", "client"]) await Deno.remove(trace(role)).catch(() => undefined);
  }
}, () => {
  const programs = sourcePrograms();
  const traced = (role: string) => ["strace", "-f", "-qq", "-e", "signal=none", "-o", trace(role)];
  if (findTool("strace") === undefined) return programs;
  return {
    ...programs,
    server: [...traced("server"), ...programs.server],
    client: [...traced("client"), ...programs.client],
  };
});
