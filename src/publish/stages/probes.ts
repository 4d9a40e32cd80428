/**
 * Looks at our own ingress, from the inside.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:tls";
import type { SocketAddress } from "../../core/address.ts";
import type { Clock } from "../../core/clock.ts";
import { PUBLISH } from "../../core/limits.ts";
import { newToken, type Random } from "../../system/random.ts";
import type { Challenges } from "../certificates/acme/challenges.ts";
import type { Probes } from "./tasks.ts";

export interface ProbesOptions {
  /** Those that the ingress answers. */
  readonly challenges: Challenges;
  readonly random: Random;
  readonly clock: Clock;
}

export function ingressProbes({ challenges, random, clock }: ProbesOptions): Probes {
  const limited = <T>(signal: AbortSignal, probe: (signal: AbortSignal) => Promise<T>) =>
    within(clock, signal, probe);
  return {
    presented: (https, host, signal) =>
      limited(signal, (limit) => presentedFor(https, host, limit)),
    answers: (http, host, signal) =>
      limited(signal, async (limit) => {
        const token = newToken(random);
        const expected = newToken(random);
        using _ = challenges.offer(token, expected);
        const path = `/.well-known/acme-challenge/${token}`;
        const challenge = await get(http, { host, path, signal: limit });
        if (challenge.status !== 200 || challenge.body !== expected) {
          throw new Error(`challenges get ${challenge.status} and not their answer`);
        }
        const { status, location } = await get(http, { host, path: "/", signal: limit });
        if (status !== 308 || location?.startsWith("https://") !== true) {
          throw new Error(`browsers get ${status} and are not sent to HTTPS`);
        }
      }),
  };
}

/** The address of a listener as seen from here. */
function reachable({ host, port }: SocketAddress): { host: string; port: number } {
  const local: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  return { host: local[host] ?? host, port };
}

/** The leaf that is presented for `host`, base64 of its DER. */
function presentedFor(https: SocketAddress, host: string, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({
    ...reachable(https),
    servername: host,
    // It is compared; who signed it is nothing to us.
    rejectUnauthorized: false,
  });
  const onAbort = () => socket.destroy(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once("secureConnect", () => {
    // In Deno it is an Uint8Array, whatever its type says.
    resolve(Buffer.from(socket.getPeerCertificate().raw).toString("base64"));
    socket.destroy();
  });
  socket.once("error", (cause) => {
    const text = `no certificate is presented for ${host}: ${cause.message}`;
    reject(new Error(text, { cause }));
  });
  socket.once("close", () => {
    signal.removeEventListener("abort", onAbort);
    reject(new Error(`no certificate is presented for ${host}`));
  });
  return promise;
}

interface Got {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** `fetch` does not let us say which host we ask for. */
async function get(
  http: SocketAddress,
  { host, path, signal }: {
    readonly host: string;
    readonly path: string;
    readonly signal: AbortSignal;
  },
): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { host: hostname, port } = reachable(http);
  const headers = { host, connection: "close" };
  request({ hostname, port, path, headers, signal, agent: false }, resolve)
    .once("error", reject).end();
  const response = await promise;
  response.setEncoding("utf8");
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, location: response.headers.location, body };
}

async function within<T>(
  clock: Clock,
  signal: AbortSignal,
  probe: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController();
  using _ = clock.timer(
    PUBLISH.probeTimeoutMs,
    () => timeout.abort(new Error("the ingress does not answer")),
  );
  return await probe(AbortSignal.any([signal, timeout.signal]));
}
