/**
 * One HTTP request and its answer. Not `fetch`, which sends requests, and the token in them, to
 * the proxy of the environment, refuses some ports, and cannot limit the time to connect.
 *
 * @module
 */

import { type ClientRequest, type IncomingMessage, request as requestPlain } from "node:http";

/** How long the server may take to accept the connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;

export interface Exchange {
  /** Where the server is, with what goes before every path. */
  readonly base: URL;
  /** PEM of the authorities to check an `https` server with, in the system's place. */
  readonly ca?: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A body that is sent bit by bit; whenever some of it went, the time begins anew. */
  readonly content?: AsyncIterable<Uint8Array>;
  /** How long all of it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Breaks the exchange off; it then fails with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly text: string;
}

/** An answer whose body comes bit by bit. */
export interface HttpStream {
  readonly status: number;
  readonly statusText: string;
  /** Ends with the answer. @throws {Error} when it is broken off, or silent for too long */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Sends the request and reads the whole answer.
 *
 * @throws {Error} when there is no complete answer in time, saying why
 * @throws {TypeError} when a header cannot be sent; the message does not show it
 */
export async function exchange(options: Exchange): Promise<HttpAnswer> {
  const deadline = new Deadline(options);
  try {
    const response = await send(options, deadline);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of response) chunks.push(chunk);
    if (!response.complete) throw brokenOff(options);
    return { ...statusOf(response), text: await new Blob(chunks).text() };
  } catch (error) {
    throw deadline.reason ?? error;
  } finally {
    deadline.clear();
  }
}

/** Sends the request; `timeoutMs` is how long the server may be silent, then and later. */
export async function openStream(options: Exchange): Promise<HttpStream> {
  const deadline = new Deadline(options);
  try {
    const response = await send(options, deadline);
    return { ...statusOf(response), body: read(options, response, deadline) };
  } catch (error) {
    deadline.clear();
    throw deadline.reason ?? error;
  }
}

async function* read(
  options: Exchange,
  response: IncomingMessage,
  deadline: Deadline,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of response) {
      deadline.extend();
      yield chunk;
    }
    if (!response.complete) throw brokenOff(options);
  } catch (error) {
    throw deadline.reason ?? error;
  } finally {
    deadline.clear();
  }
}

async function send(options: Exchange, deadline: Deadline): Promise<IncomingMessage> {
  const { base, ca, method, path, headers, body, signal } = options;
  const secure = base.protocol === "https:";
  const request = secure ? (await import("node:https")).request : requestPlain;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const host = base.hostname.replace(/^\[|\]$/g, "");
  const call = request({
    host,
    port: base.port === "" ? (secure ? 443 : 80) : Number(base.port),
    method,
    path: `${base.pathname.replace(/\/$/, "")}${path}`,
    headers,
    agent: false,
    ...(secure && ca !== undefined ? { ca } : {}),
  });
  deadline.giveUp = (reason) => call.destroy(reason);
  call.on("socket", (socket) => socket.once("connect", () => deadline.connected()));
  call.on("error", reject);
  call.on("response", resolve);
  const abort = () => deadline.fail(signal?.reason);
  signal?.addEventListener("abort", abort);
  call.on("close", () => signal?.removeEventListener("abort", abort));
  if (options.content === undefined) call.end(body);
  else void sendContent(call, options.content, deadline).catch((error) => deadline.fail(error));
  return await promise;
}

/** Sends a body in the pace of the server, until it has answered. */
async function sendContent(
  call: ClientRequest,
  content: AsyncIterable<Uint8Array>,
  deadline: Deadline,
): Promise<void> {
  let isOver = false;
  let goOn: () => void = () => undefined;
  for (const event of ["response", "close", "drain"] as const) {
    call.on(event, () => {
      isOver ||= event !== "drain";
      goOn();
    });
  }
  for await (const chunk of content) {
    if (isOver) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    goOn = resolve;
    if (!call.write(chunk)) await promise;
    deadline.extend();
  }
  call.end();
}

const statusOf = (response: IncomingMessage) => ({
  status: response.statusCode ?? 0,
  statusText: response.statusMessage ?? "",
});

const brokenOff = ({ base }: Exchange) => new Error(`${base.host} broke off its answer`);

type Timer = ReturnType<typeof setTimeout>;

/** The time an exchange has: a moment to connect, then longer to answer. */
class Deadline {
  giveUp: (reason: Error) => void = () => undefined;
  /** Why the exchange was broken off. */
  reason: Error | null = null;
  readonly #options: Exchange;
  readonly #connecting: Timer;
  #answering: Timer;

  constructor(options: Exchange) {
    this.#options = options;
    this.#connecting = this.#start("accept a connection", CONNECT_TIMEOUT_MS);
    this.#answering = this.#start("answer", options.timeoutMs);
  }

  connected(): void {
    clearTimeout(this.#connecting);
  }

  extend(): void {
    clearTimeout(this.#answering);
    this.#answering = this.#start("answer", this.#options.timeoutMs);
  }

  fail(reason: Error): void {
    this.reason ??= reason;
    this.giveUp(this.reason);
  }

  clear(): void {
    clearTimeout(this.#connecting);
    clearTimeout(this.#answering);
  }

  #start(what: string, ms: number): Timer {
    const fail = () => this.fail(new Error(`${this.#options.base.host} did not ${what} in time`));
    return setTimeout(fail, ms);
  }
}
