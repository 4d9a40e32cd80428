/**
 * A standalone client with a rule of every kind, and targets for it.
 *
 * @module
 */

import { connectStats } from "../../src/standalone/stats_reader.ts";
import { clientHello } from "../../tests/kit/client_hello.ts";
import { freePort } from "../../tests/kit/ports.ts";
import { TestProcess } from "../../tests/kit/process.ts";
import { sourcePrograms } from "../../tests/kit/programs.ts";
import type { RuleTotals, World } from "./subject.ts";
import { echoServer, tcpLoad } from "./tcp_load.ts";
import { udpEchoServer, udpLoad } from "./udp_load.ts";

const SERVER_NAME = "soak.example.net";

/** Starts everything. */
export async function standaloneWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "portunus-soak-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const tcp = stack.use(echoServer());
  const udp = stack.use(udpEchoServer());
  const ports = { plain: freePort(), sni: freePort(), failover: freePort(), capped: freePort() };
  const udpPort = freePort();
  const socket = `${directory}/stats.sock`;
  const client = stack.use(
    await startClient({ directory, socket }, [
      `[global]\nlog_level = "error"\n[stats]\nsocket_path = "${socket}"\n`,
      rule("plain", ports.plain, tcp.port),
      `${rule("sni", ports.sni, tcp.port)}sni_pattern = "${SERVER_NAME}"\n`,
      failoverRule(ports.failover, [freePort(), tcp.port]),
      `${rule("capped", ports.capped, tcp.port)}[rule.rate_limit]\n` +
      "bandwidth_in_bps = 20_000_000\nbandwidth_out_bps = 20_000_000\n",
      `${rule("udp", udpPort, udp.port)}protocol = "udp"\nudp_flow_idle_secs = 1\n`,
    ]),
  );
  const hello = await clientHello(SERVER_NAME);
  const owned = stack.move();
  return {
    processes: [{ name: "client", pid: client.pid }],
    loads: [
      tcpLoad({ rule: "plain", port: ports.plain, turns: 12 }),
      tcpLoad({ rule: "sni", port: ports.sni, turns: 3, preface: hello }),
      tcpLoad({ rule: "failover", port: ports.failover, turns: 2 }),
      tcpLoad({ rule: "capped", port: ports.capped, turns: 2 }),
      udpLoad({ rule: "udp", port: udpPort, turns: 1 }),
    ],
    totals: () => readTotals(socket),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function rule(name: string, port: number, target: number): string {
  return `[[rule]]\nname = "${name}"\nlisten_port = ${port}\ntarget = "127.0.0.1:${target}"\n`;
}

/** The first target refuses. */
function failoverRule(port: number, targets: readonly number[]): string {
  const lines = targets.map((target, priority) =>
    `[[rule.targets]]\nhost = "127.0.0.1"\nport = ${target}\npriority = ${priority}\n`
  );
  return `[[rule]]\nname = "failover"\nlisten_port = ${port}\n${lines.join("")}`;
}

async function startClient(
  { directory, socket }: { readonly directory: string; readonly socket: string },
  config: readonly string[],
): Promise<TestProcess> {
  const path = `${directory}/portunus.toml`;
  await Deno.writeTextFile(path, config.join(""));
  const { client, env } = sourcePrograms();
  const process = new TestProcess({
    name: "standalone",
    command: [...client, "standalone", "--config", path],
    env: { ...env, HOME: directory },
  });
  await answering(socket);
  return process;
}

/** Resolves when the stats socket answers: the log tells errors only. */
async function answering(socket: string): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      await readTotals(socket);
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function readTotals(path: string): Promise<ReadonlyMap<string, RuleTotals>> {
  using connection = await connectStats(path);
  const names = new Map<string, string>();
  for await (const message of connection.messages()) {
    if (message.kind === "hello") {
      for (const { id, name } of message.hello.rules) names.set(id, name);
      continue;
    }
    return new Map(message.snapshot.r.map((row) => [names.get(row.id) ?? row.id, {
      bytesIn: Number(row.in),
      bytesOut: Number(row.out),
      connectionsTotal: Number(row.conns_total),
      active: row.conns_active + row.flows_active,
    }]));
  }
  throw new Error("The stats socket gave no snapshot");
}
