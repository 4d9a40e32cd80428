/**
 * The Web ingress as a process of its own: in front of one upstream, and of a site in memory.
 *
 * Arguments: directory with `cert.pem` and `key.pem`; ports for what is proxied and for the site; port
 * of the upstream.
 *
 * @module
 */

import { Ingress } from "../../../src/publish/ingress/ingress.ts";
import type { IngressTarget } from "../../../src/publish/ingress/route.ts";
import { systemClock } from "../../../src/system/clock.ts";
import { silentLogger } from "../../../tests/kit/silent_logger.ts";
import { BODIES, HOST } from "./peers.ts";

const [directory = "", proxiedPort, sitePort, upstreamPort] = Deno.args;
const certificate = {
  certPem: await Deno.readTextFile(`${directory}/cert.pem`),
  keyPem: await Deno.readTextFile(`${directory}/key.pem`),
  version: 1,
};
const files = new Map<string, Uint8Array<ArrayBuffer>>(
  BODIES.map(({ path, bytes }) => [path, new Uint8Array(bytes).fill("x".charCodeAt(0))]),
);

async function serve(request: Request): Promise<Response> {
  const body = files.get(new URL(request.url).pathname);
  if (body === undefined) return await Promise.resolve(new Response(null, { status: 404 }));
  return new Response(body, {
    headers: { "Content-Type": "text/plain", "Content-Length": `${body.length}` },
  });
}

function start(port: number, target: IngressTarget): void {
  new Ingress({
    httpListen: { host: "127.0.0.1", port: 0 },
    httpsListen: { host: "127.0.0.1", port },
    routes: new Map([[HOST, { host: HOST, target, gate: null }]]),
    certificates: { get: () => certificate },
    challenges: { respond: () => undefined },
    clock: systemClock,
    logger: silentLogger,
    limits: { connectionsMax: 20_000, connectionsPerPeerMax: 20_000 },
  });
}

start(Number(proxiedPort), {
  kind: "proxy",
  upstream: { hostname: "127.0.0.1", port: Number(upstreamPort) },
});
start(Number(sitePort), { kind: "site", serve });
