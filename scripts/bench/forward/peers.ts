/**
 * The relays that are compared, each as its users run it, with one thread for the traffic.
 *
 * @module
 */

import { sourcePrograms } from "../../../tests/kit/programs.ts";
import { freePort, freeRange } from "../../../tests/kit/ports.ts";
import { TestProcess } from "../../../tests/kit/process.ts";
import { listening, type Ports, SERVER_NAME, type Service, SERVICES, spawn } from "./services.ts";
import { STREAM_MODULE } from "./tools.ts";

/** A relay that runs; `direct` is none. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Where it listens, for what it can forward. */
  readonly ports: Readonly<Partial<Record<Service, number>>>;
  readonly udp: boolean;
  /** Whose time and memory count. */
  readonly pids: readonly number[];
}

/** Bytes per second that `capped` lets through, each way: 100 Mbit/s. */
export const CAP_BYTES_PER_SEC = 12_500_000;

export interface Surroundings {
  readonly targets: Ports;
  readonly directory: string;
  /** Rules that nobody uses, half of them for TCP, of a relay that has rules. @default 0 */
  readonly unusedRules?: number;
}

type Start = (surroundings: Surroundings) => Promise<Peer>;

const starts: Readonly<Record<string, Start>> = {
  direct: ({ targets: { iperf, http, tls } }) =>
    Promise.resolve({
      name: "direct",
      ports: { iperf, http, tls },
      udp: true,
      pids: [],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  haproxy: (it) => haproxy("haproxy", it, ""),
  "haproxy-splice": (it) => haproxy("haproxy-splice", it, "option splice-auto"),
  nginx,
  socat,
  portable: (it) => portunus("portable", it),
  linux: (it) => portunus("linux", it),
};

export const PEERS: readonly string[] = Object.keys(starts);

/** @throws {TypeError} unknown name */
export function startPeer(name: string, surroundings: Surroundings): Promise<Peer> {
  const start = starts[name];
  if (start === undefined) throw new TypeError(`No peer is called ${name}: ${PEERS.join(", ")}`);
  return start(surroundings);
}

const freshPorts = (): Record<Service, number> => ({
  iperf: freePort(),
  http: freePort(),
  tls: freePort(),
  capped: freePort(),
});

/** A process here may have 20,000 descriptors, and for `splice` it keeps some for its pipes. */
const HAPROXY_CONNECTIONS = { copying: 9_500, splicing: 6_000 } as const;

async function haproxy(name: string, it: Surroundings, option: string): Promise<Peer> {
  const { capped: _, ...ports } = freshPorts();
  const path = `${it.directory}/${name}.cfg`;
  const connections = HAPROXY_CONNECTIONS[option === "" ? "copying" : "splicing"];
  const plain = (["iperf", "http"] as const).map((service) => `
listen ${service}
  bind 127.0.0.1:${ports[service]}
  server s 127.0.0.1:${it.targets[service]}
`);
  await Deno.writeTextFile(
    path,
    `global
  nbthread 1
  maxconn ${connections}
defaults
  mode tcp
  maxconn ${connections}
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  ${option}
${plain.join("")}
frontend tls
  bind 127.0.0.1:${ports.tls}
  tcp-request inspect-delay 3s
  tcp-request content accept if { req.ssl_hello_type 1 }
  use_backend tls if { req.ssl_sni -i ${SERVER_NAME} }
backend tls
  server s 127.0.0.1:${it.targets.tls}
`,
  );
  return await peer(name, spawn("haproxy", "-db", "-f", path), { ports });
}

async function nginx(it: Surroundings): Promise<Peer> {
  const { capped: _, ...ports } = freshPorts();
  const path = `${it.directory}/relay.conf`;
  const plain = (["iperf", "http"] as const).map((service) =>
    `server { listen 127.0.0.1:${ports[service]}; proxy_pass 127.0.0.1:${it.targets[service]}; }`
  );
  await Deno.writeTextFile(
    path,
    `load_module ${STREAM_MODULE};
daemon off;
master_process off;
pid ${it.directory}/relay.pid;
error_log ${it.directory}/relay.log crit;
worker_rlimit_nofile 20000;
events { worker_connections 19000; }
stream {
  proxy_timeout 600s;
  ${plain.join("\n  ")}
  server { listen 127.0.0.1:${ports.iperf} udp; proxy_pass 127.0.0.1:${it.targets.iperf}; }
  map $ssl_preread_server_name $by_name { ${SERVER_NAME} 127.0.0.1:${it.targets.tls}; }
  server { listen 127.0.0.1:${ports.tls}; ssl_preread on; proxy_pass $by_name; }
}
`,
  );
  return await peer("nginx", spawn("nginx", "-c", path, "-e", `${it.directory}/relay.log`), {
    ports,
    udp: true,
  });
}

/** A process for each connection, and no server names. */
async function socat(it: Surroundings): Promise<Peer> {
  const ports = { iperf: freePort(), http: freePort() };
  const [iperf, http] = (["iperf", "http"] as const).map((service) =>
    spawn(
      "socat",
      `TCP-LISTEN:${ports[service]},bind=127.0.0.1,fork,reuseaddr,backlog=1024`,
      `TCP:127.0.0.1:${it.targets[service]}`,
    )
  ) as [TestProcess, TestProcess];
  return await peer("socat", iperf, { ports, more: [http] });
}

/** `portunus-client standalone` from source, with the permissions of the binaries. */
async function portunus(engine: "portable" | "linux", it: Surroundings): Promise<Peer> {
  const ports = freshPorts();
  // Of its own: a client reads its file again when it changes.
  const path = await Deno.makeTempFile({ dir: it.directory, suffix: ".toml" });
  const rule = (name: string, listen: number, target: number, more = "") =>
    `[[rule]]\nname = "${name}"\nlisten_port = ${listen}\n` +
    `target = "127.0.0.1:${target}"\n${more}\n`;
  const rules = [
    ...SERVICES.filter((service) => service !== "tls" && service !== "capped")
      .map((service) => rule(service, ports[service], it.targets[service])),
    rule("tls", ports.tls, it.targets.tls, `sni_pattern = "${SERVER_NAME}"`),
    rule("udp", ports.iperf, it.targets.iperf, 'protocol = "udp"'),
    rule(
      "capped",
      ports.capped,
      it.targets.iperf,
      `[rule.rate_limit]\nbandwidth_in_bps = ${CAP_BYTES_PER_SEC}\n` +
        `bandwidth_out_bps = ${CAP_BYTES_PER_SEC}`,
    ),
    ...unusedPorts(it).flatMap((port) => [
      rule(`tcp-${port}`, port, it.targets.http),
      rule(`udp-${port}`, port, it.targets.http, 'protocol = "udp"'),
    ]),
  ];
  await Deno.writeTextFile(path, `[stats]\nenabled = false\n${rules.join("")}`);
  const { client, env } = sourcePrograms();
  const process = new TestProcess({
    name: engine,
    command: [...client, "standalone", "--config", path, "--log-level", "info"],
    env: { ...env, HOME: it.directory, PORTUNUS_ENGINE: engine },
  });
  await process.event("standalone.started");
  return await peer(engine, process, { ports, udp: true });
}

/** Each is listened on by two rules. */
function unusedPorts({ unusedRules = 0 }: Surroundings): number[] {
  if (unusedRules === 0) return [];
  const first = freeRange(unusedRules / 2);
  return Array.from({ length: unusedRules / 2 }, (_, i) => first + i);
}

async function peer(
  name: string,
  process: TestProcess,
  { ports, udp = false, more = [] }: {
    readonly ports: Peer["ports"];
    readonly udp?: boolean;
    readonly more?: readonly TestProcess[];
  },
): Promise<Peer> {
  const processes = [process, ...more];
  try {
    await Promise.all(Object.values(ports).map(listening));
  } catch (cause) {
    throw new Error(processes.map((it) => it.transcript()).join("\n"), { cause });
  }
  return {
    name,
    ports,
    udp,
    pids: processes.map(({ pid }) => pid),
    async [Symbol.asyncDispose]() {
      for (const it of processes) await it[Symbol.asyncDispose]();
    },
  };
}
