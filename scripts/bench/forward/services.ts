/**
 * What relays forward to: iperf3 for streams and datagrams, nginx for HTTP and TLS.
 *
 * @module
 */

import { freePort } from "../../../tests/kit/ports.ts";
import { TestProcess } from "../../../tests/kit/process.ts";
import { run } from "./tools.ts";

/** Kinds of traffic, each with a port of its own. */
export const SERVICES = ["iperf", "http", "tls", "capped"] as const;
export type Service = typeof SERVICES[number];
export type Ports = Readonly<Record<Service, number>>;

/** The one name that every machine resolves, for `tls`. */
export const SERVER_NAME = "localhost";

export interface Targets extends AsyncDisposable {
  readonly ports: Ports;
}

/** Starts them. Files go to `directory`. */
export async function startTargets(directory: string): Promise<Targets> {
  const iperf = freePort();
  const ports = { iperf, http: freePort(), tls: freePort(), capped: iperf };
  await using stack = new AsyncDisposableStack();
  await certificate(directory);
  await Deno.writeTextFile(`${directory}/target.conf`, targetConf(directory, ports));
  stack.use(spawn("iperf3", "--server", "--port", `${iperf}`));
  stack.use(spawn("nginx", "-c", `${directory}/target.conf`, "-e", `${directory}/target.log`));
  await Promise.all([listening(iperf), listening(ports.http)]);
  const held = stack.move();
  return { ports, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function certificate(directory: string): Promise<void> {
  await run(
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "1",
    "-subj",
    `/CN=${SERVER_NAME}`,
    "-keyout",
    `${directory}/key.pem`,
    "-out",
    `${directory}/cert.pem`,
  );
}

const targetConf = (directory: string, { http, tls }: Ports) => `
daemon off;
pid ${directory}/target.pid;
master_process off;
worker_rlimit_nofile 20000;
error_log ${directory}/target.log crit;
events { worker_connections 10000; }
http {
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 3600s;
  client_header_timeout 3600s;
  server {
    listen 127.0.0.1:${http} backlog=4096;
    listen 127.0.0.1:${tls} ssl backlog=4096;
    ssl_certificate ${directory}/cert.pem;
    ssl_certificate_key ${directory}/key.pem;
    location / { return 200 "hello, relay\\n"; }
  }
}
`;

/** Debian's daemons are not in everybody's path. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A program that ends with the bench. */
export function spawn(name: string, ...args: readonly string[]): TestProcess {
  return new TestProcess({ name, command: [name, ...args], env: { PATH } });
}

/** Resolves when something accepts on `port`. */
export async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`Nobody listens on port ${port}`);
}
