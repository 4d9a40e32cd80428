/**
 * The protocol with a certificate authority (RFC 8555): signed requests one by one. What they add
 * up to is in `issue.ts`.
 *
 * @module
 */

import type { z } from "zod";
import { ACME } from "../../../core/publish_limits.ts";
import type { AccountKey } from "./account_key.ts";
import { AcmeProblem, retryAfterMs } from "./problem.ts";
import {
  accountSchema,
  type Authorization,
  authorizationSchema,
  challengeSchema,
  type Directory,
  directorySchema,
  type Order,
  orderSchema,
  problemSchema,
} from "./resources.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

export interface AcmeClientOptions {
  /** The directory's URL. */
  readonly directory: string;
  readonly key: AccountKey;
  readonly transport: Transport;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Something that may not be ready yet. */
export interface Polled<T> {
  readonly value: T;
  /** How long the authority asks to wait before the next look, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** An order and where it is. */
export interface PlacedOrder {
  readonly url: string;
  readonly order: Order;
}

/** A payload of `undefined` is no signed request, one of `null` reads. */
interface Call {
  readonly url: string;
  readonly payload: unknown;
  readonly signal: AbortSignal;
}

/**
 * One account at one certificate authority.
 *
 * Every method throws {@linkcode AcmeProblem} when the authority refuses, and other errors when it
 * cannot be reached or does not answer in its protocol.
 */
export class AcmeClient {
  readonly #options: AcmeClientOptions;
  /** Nonces from answers, each good for one request. */
  readonly #nonces: string[] = [];
  #directory: Directory | null = null;
  #account: string | null = null;

  constructor(options: AcmeClientOptions) {
    this.#options = options;
  }

  async directory(signal: AbortSignal): Promise<Directory> {
    if (this.#directory !== null) return this.#directory;
    const response = await this.#send({ method: "GET", url: this.#options.directory, signal });
    if (response.status !== 200) throw this.#problem(response);
    return this.#directory = read(directorySchema, response);
  }

  /**
   * Registers the key, or finds the account it already has, and tells the authority the address if
   * it has another one. Agrees to the terms of service.
   *
   * @returns the account's URL
   */
  async register(email: string, signal: AbortSignal): Promise<string> {
    const { newAccount } = await this.directory(signal);
    const contact = [`mailto:${email}`];
    const payload = { termsOfServiceAgreed: true, contact };
    const response = await this.#post({ url: newAccount, payload, signal }, null);
    const account = locationOf(response);
    this.#account = account;
    const known = read(accountSchema, response).contact ?? [];
    if (response.status === 200 && known.length > 0 && known[0] !== contact[0]) {
      await this.#post({ url: account, payload: { contact }, signal });
    }
    return account;
  }

  async newOrder(host: string, signal: AbortSignal): Promise<PlacedOrder> {
    const { newOrder } = await this.directory(signal);
    const payload = { identifiers: [{ type: "dns", value: host }] };
    const response = await this.#post({ url: newOrder, payload, signal });
    return { url: locationOf(response), order: read(orderSchema, response) };
  }

  async order(url: string, signal: AbortSignal): Promise<Polled<Order>> {
    const response = await this.#post({ url, payload: null, signal });
    return this.#polled(read(orderSchema, response), response);
  }

  async authorization(url: string, signal: AbortSignal): Promise<Polled<Authorization>> {
    const response = await this.#post({ url, payload: null, signal });
    return this.#polled(read(authorizationSchema, response), response);
  }

  /** Says that the answer to the challenge at `url` is in place. */
  async answerChallenge(url: string, signal: AbortSignal): Promise<void> {
    read(challengeSchema, await this.#post({ url, payload: {}, signal }));
  }

  /** @param csr base64url of its DER encoding */
  async finalize(url: string, csr: string, signal: AbortSignal): Promise<Polled<Order>> {
    const response = await this.#post({ url, payload: { csr }, signal });
    return this.#polled(read(orderSchema, response), response);
  }

  /** The chain at `url` as PEM, leaf first. */
  async certificate(url: string, signal: AbortSignal): Promise<string> {
    return (await this.#post({ url, payload: null, signal })).text;
  }

  #polled<T>(value: T, { headers }: TransportResponse): Polled<T> {
    const wait = retryAfterMs(headers.get("retry-after"), this.#options.now());
    return { value, retryAfterMs: wait };
  }

  /**
   * A signed request. A nonce that the authority no longer knows is no failure: it sends another
   * with the refusal (§6.5).
   */
  async #post(call: Call, account = this.#account): Promise<TransportResponse> {
    const { url, payload, signal } = call;
    for (let attempt = 1;; attempt++) {
      const nonce = this.#nonces.pop() ?? await this.#newNonce(signal);
      const body = await this.#options.key.sign({ url, nonce, account }, payload);
      const response = await this.#send({ method: "POST", url, body, signal });
      if (response.status >= 200 && response.status < 300) return response;
      const problem = this.#problem(response);
      if (problem.type !== "badNonce" || attempt === ACME.nonceAttemptsMax) throw problem;
    }
  }

  async #newNonce(signal: AbortSignal): Promise<string> {
    const { newNonce } = await this.directory(signal);
    const response = await this.#send({ method: "HEAD", url: newNonce, signal });
    const nonce = this.#nonces.pop();
    if (nonce === undefined) throw this.#problem(response);
    return nonce;
  }

  async #send(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.#options.transport(request);
    const nonce = response.headers.get("replay-nonce");
    if (nonce !== null && this.#nonces.length < ACME.noncesMax) this.#nonces.push(nonce);
    return response;
  }

  #problem({ status, headers, text }: TransportResponse): AcmeProblem {
    const wait = retryAfterMs(headers.get("retry-after"), this.#options.now());
    const document = problemSchema.safeParse(parseJson(text));
    const named = document.success && document.data.type !== undefined;
    return new AcmeProblem(named ? document.data : { type: `HTTP status ${status}` }, wait);
  }
}

function read<T>(schema: z.ZodType<T>, { text, status }: TransportResponse): T {
  const result = schema.safeParse(parseJson(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new Error(`the certificate authority's answer (${status}) is not as expected${place}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function locationOf({ headers }: TransportResponse): string {
  const location = headers.get("location");
  if (location?.startsWith("https://")) return location;
  throw new Error("the certificate authority does not say where the new object is");
}
