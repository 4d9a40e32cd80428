/**
 * What port 80 says: answers to ACME challenges, and everybody else is sent to HTTPS.
 *
 * @module
 */

import type { ChallengeResponder } from "../certificates/certificate.ts";
import { type Exchange, field } from "./exchange.ts";
import type { RouteTable } from "./route.ts";

/** Where a certificate authority asks (RFC 8555 §8.3). */
const CHALLENGES = "/.well-known/acme-challenge/";
const HTTPS_PORT = 443;

export interface PlainHttpOptions {
  readonly routes: RouteTable;
  readonly challenges: ChallengeResponder;
  /** Where browsers find the hosts. */
  readonly httpsPort: number;
}

/** Answers requests without TLS. */
export function plainHttp(options: PlainHttpOptions): (exchange: Exchange) => Promise<void> {
  const { routes, challenges, httpsPort } = options;
  const port = httpsPort === HTTPS_PORT ? "" : `:${httpsPort}`;
  return async (exchange) => {
    const { host, target } = exchange.head;
    if (target.startsWith(CHALLENGES)) {
      const body = challenges.respond(target.slice(CHALLENGES.length));
      if (body !== undefined) return await sendChallenge(exchange, body);
    }
    if (routes.get(host) === undefined) return await exchange.answer(421);
    const path = target === "*" ? "/" : target;
    await exchange.answer(308, [field("Location", `https://${host}${port}${path}`)]);
  };
}

async function sendChallenge(exchange: Exchange, text: string): Promise<void> {
  const body = new TextEncoder().encode(text);
  exchange.begin({
    status: 200,
    reason: "OK",
    fields: [field("Content-Type", "application/octet-stream")],
    connection: [],
    framing: { kind: "length", bytes: body.length },
  });
  if (exchange.head.method !== "HEAD") await exchange.write(body);
  await exchange.end();
}
