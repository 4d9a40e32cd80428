/**
 * From a host's name to its certificate: order, HTTP-01 challenge, certificate (RFC 8555 §7.1).
 *
 * @module
 */

import { type Clock, sleep } from "../../../core/clock.ts";
import { ACME } from "../../../core/publish_limits.ts";
import type { AccountKey } from "./account_key.ts";
import type { Challenges } from "./challenges.ts";
import type { AcmeClient, Polled } from "./client.ts";
import { AcmeProblem } from "./problem.ts";
import type { Challenge, Order } from "./resources.ts";

/** What is needed to get certificates from an authority with which the key is registered. */
export interface IssueOptions {
  readonly client: AcmeClient;
  readonly key: AccountKey;
  /** Where the listener on port 80 finds the answers. */
  readonly challenges: Challenges;
  readonly clock: Clock;
}

/** A new certificate as PEM: the chain, leaf first, and its key. */
export interface Issued {
  readonly certPem: string;
  readonly keyPem: string;
}

/**
 * Gets a certificate for `host` alone, with a new key.
 *
 * @throws {AcmeProblem} when the authority refuses, or finds no answer at `host`
 * @throws {Error} when it cannot be reached, or takes too long
 */
export async function issue(
  host: string,
  options: IssueOptions,
  signal: AbortSignal,
): Promise<Issued> {
  const { client } = options;
  const { url, order } = await client.newOrder(host, signal);
  for (const authorization of order.authorizations) await authorize(authorization, options, signal);
  const readOrder = () => client.order(url, signal);
  const ready = await until(readOrder, isAuthorized, options.clock, signal);
  if (ready.status === "invalid") throw refusal(ready);

  const { newSigningRequest } = await import("./signing_request.ts");
  const { keyPem, csr } = await newSigningRequest(host);
  let next: Promise<Polled<Order>> | null = client.finalize(ready.finalize, csr, signal);
  const readFinal = () => {
    const first = next ?? readOrder();
    next = null;
    return first;
  };
  const final = await until(readFinal, isFinal, options.clock, signal);
  if (final.status === "invalid" || final.certificate === undefined) throw refusal(final);
  return { certPem: await client.certificate(final.certificate, signal), keyPem };
}

const isAuthorized = ({ status }: Order) => status === "ready" || status === "invalid";
const isFinal = ({ status }: Order) => status === "valid" || status === "invalid";
const refusal = ({ error }: Order) =>
  new AcmeProblem(error ?? { type: "invalid", detail: "the order was refused" });

/** Answers the HTTP-01 challenge of the authorization at `url`, and waits for the verdict. */
async function authorize(url: string, options: IssueOptions, signal: AbortSignal): Promise<void> {
  const { client, key, challenges, clock } = options;
  const { value: { status, challenges: offered } } = await client.authorization(url, signal);
  if (status === "valid") return;
  const challenge = offered.find(({ type }) => type === "http-01");
  if (challenge?.token === undefined) {
    throw new Error("the certificate authority offers no http-01 challenge");
  }
  using _ = challenges.offer(challenge.token, `${challenge.token}.${await key.thumbprint()}`);
  await client.answerChallenge(challenge.url, signal);
  const verdict = await until(
    () => client.authorization(url, signal),
    (it) => it.status !== "pending",
    clock,
    signal,
  );
  if (verdict.status !== "valid") throw failure(verdict.challenges, verdict.status);
}

function failure(challenges: readonly Challenge[], status: string): AcmeProblem {
  const error = challenges.find((it) => it.error !== undefined)?.error;
  return new AcmeProblem(error ?? { type: "unauthorized", detail: `authorization is ${status}` });
}

/** Reads until `isDone`, at the pace that the authority asks for, or else less and less often. */
async function until<T>(
  read: () => Promise<Polled<T>>,
  isDone: (value: T) => boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const deadline = clock.monotonic() + ACME.pollTimeoutMs;
  for (let pauseMs: number = ACME.pollFirstMs;; pauseMs = Math.min(2 * pauseMs, ACME.pollMaxMs)) {
    const { value, retryAfterMs } = await read();
    if (isDone(value)) return value;
    const waitMs = Math.max(retryAfterMs ?? 0, pauseMs);
    if (clock.monotonic() + waitMs > deadline) {
      throw new Error("the certificate authority takes too long");
    }
    await sleep(clock, waitMs, signal);
  }
}
