/**
 * The Web ingress and nginx, each with one thread, in front of the same upstream.
 *
 * @module
 */

import { freePort } from "../../../tests/kit/ports.ts";
import { TestProcess } from "../../../tests/kit/process.ts";
import { MEMORY_FLAGS } from "../../build/memory_flags.ts";
import { listening, spawn } from "../forward/services.ts";
import { run } from "../forward/tools.ts";

/** The one name that every machine resolves, and so the one that wrk can ask for. */
export const HOST = "localhost";

export const BODIES = [
  { path: "/4k", bytes: 4 * 1024 },
  { path: "/1m", bytes: 1024 * 1024 },
] as const;

/** Something that ends TLS. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly ports: Ports;
}

/** Where requests go to an upstream, and where to files. */
export type Ports = Readonly<Record<"proxied" | "site", number>>;

const freshPorts = (): Ports => ({ proxied: freePort(), site: freePort() });

const http = (directory: string, name: string, servers: string) => `
daemon off;
pid ${directory}/${name}.pid;
master_process off;
worker_rlimit_nofile 20000;
error_log ${directory}/${name}.log crit;
events { worker_connections 19000; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 100000000;
  keepalive_timeout 3600s;
  ${servers}
}
`;

async function nginx(
  directory: string,
  name: "nginx" | "upstream",
  { servers, ports }: { readonly servers: string; readonly ports: Ports },
): Promise<Peer> {
  const path = `${directory}/${name}.conf`;
  await Deno.writeTextFile(path, http(directory, name, servers));
  return await peer(name, spawn("nginx", "-c", path, "-e", `${directory}/${name}.log`), ports);
}

async function peer(name: string, process: TestProcess, ports: Ports): Promise<Peer> {
  await Promise.all(Object.values(ports).map(listening)).catch((cause) => {
    throw new Error(process.transcript(), { cause });
  });
  return {
    name,
    pid: process.pid,
    ports,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/** Files for {@linkcode startUpstream} and nginx, and a certificate. */
export async function prepare(directory: string): Promise<void> {
  await Deno.mkdir(`${directory}/files`);
  for (const { path, bytes } of BODIES) {
    await Deno.writeTextFile(`${directory}/files${path}`, "x".repeat(bytes));
  }
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", `${directory}/key.pem`, "-out", `${directory}/cert.pem`];
  await run("openssl", "req", "-x509", ...key, "-days", "1", "-subj", "/CN=localhost", ...files);
}

/** nginx with files, without TLS, on the port `site`. */
export async function startUpstream(directory: string): Promise<Peer> {
  const site = freePort();
  const servers = `server { listen 127.0.0.1:${site} backlog=4096; root ${directory}/files; }`;
  return await nginx(directory, "upstream", { servers, ports: { site, proxied: site } });
}

/** nginx with TLS. */
export async function startNginx(directory: string, upstreamPort: number): Promise<Peer> {
  const ports = freshPorts();
  const tls = (port: number) =>
    `listen 127.0.0.1:${port} ssl backlog=4096;
    ssl_certificate ${directory}/cert.pem;
    ssl_certificate_key ${directory}/key.pem;`;
  const servers = `
  upstream files { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }
  server {
    ${tls(ports.proxied)}
    location / {
      proxy_pass http://files;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
    }
  }
  server { ${tls(ports.site)} root ${directory}/files; }`;
  return await nginx(directory, "nginx", { servers, ports });
}

/** The Web ingress, with the flags of the server's binary. */
export async function startIngress(directory: string, upstreamPort: number): Promise<Peer> {
  const ports = freshPorts();
  const program = new URL("./subject.ts", import.meta.url).pathname;
  const args = [directory, ports.proxied, ports.site, upstreamPort].map(String);
  const command = [Deno.execPath(), "run", "-A", ...MEMORY_FLAGS.server, program, ...args];
  return await peer("ingress", new TestProcess({ name: "ingress", command, env: {} }), ports);
}
