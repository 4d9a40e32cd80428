/**
 * Passes a request on to its upstream, and the answer back, both as they come.
 *
 * @module
 */

import { INGRESS } from "../../core/publish_limits.ts";
import type { Exchange } from "./exchange.ts";
import { isTrailer, type Origin, requestHeadText } from "./forwarded_head.ts";
import { BadMessage } from "./http1/bad_message.ts";
import { BodyReader } from "./http1/body_reader.ts";
import { parseResponseHead, type ResponseHead } from "./http1/response_head.ts";
import { relayBothWays } from "./tunnel.ts";
import {
  type Upstream,
  type UpstreamConnection,
  UpstreamFailure,
  type UpstreamPool,
} from "./upstream_pool.ts";

/** Interim answers that may come before the final one. */
const INTERIM_MAX = 16;

/** Methods that may be repeated without harm (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "PUT"]);

export interface ProxyOptions {
  readonly exchange: Exchange;
  readonly upstream: Upstream;
  readonly pool: UpstreamPool;
  readonly origin: Origin;
  readonly setCookie: string | null;
}

/**
 * Gets the answer to a request from its upstream.
 *
 * A kept connection may turn out to be closed. Then the request goes out again, once and on a new
 * one, if nothing came back, it has no body, and its method allows it (RFC 9110 §9.2.2).
 *
 * @throws {UpstreamFailure} before any of the answer was sent to the client; {BadMessage} when the
 * client's body is malformed; what transports say once there is nothing to answer with
 */
export async function proxy(options: ProxyOptions): Promise<void> {
  const { exchange: { head }, pool, upstream } = options;
  const first = await pool.acquire(upstream, false);
  try {
    return await new ProxiedExchange(first, options).run();
  } catch (error) {
    const mayRepeat = first.isReused && !first.timedOut && error instanceof Unanswered &&
      head.framing.kind === "none" && IDEMPOTENT.has(head.method);
    if (!mayRepeat) throw error;
  }
  const fresh = await pool.acquire(upstream, true);
  await new ProxiedExchange(fresh, options).run();
}

/** A connection that ended before anything of the answer came. */
class Unanswered extends UpstreamFailure {}

class ProxiedExchange {
  readonly #connection: UpstreamConnection;
  readonly #options: ProxyOptions;
  readonly #exchange: Exchange;
  /** What ended the request's body early, on the client's side. */
  #clientFailure: unknown = null;
  /** Whether anything came back. */
  #isAnswered = false;

  constructor(connection: UpstreamConnection, options: ProxyOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#exchange = options.exchange;
  }

  async run(): Promise<void> {
    const connection = this.#connection;
    try {
      await this.#exchangeMessages();
    } catch (error) {
      connection.close();
      if (this.#clientFailure !== null) throw this.#clientFailure;
      if (this.#exchange.status !== null) throw error;
      if (connection.timedOut) throw new UpstreamFailure("answer_timeout", { cause: error });
      if (error instanceof UpstreamFailure) throw error;
      const Failure = this.#isAnswered ? UpstreamFailure : Unanswered;
      throw new Failure("broken", { cause: error });
    }
  }

  async #exchangeMessages(): Promise<void> {
    const { writer, deadline, reader } = this.#connection;
    const { head, body } = this.#exchange;
    deadline.set(INGRESS.answerTimeoutMs);
    writer.begin(requestHeadText(head, this.#options.origin), head.framing);
    // A client that wants to hear "continue" first sends nothing before the upstream has the head.
    if (body.isDone || this.#exchange.client.reader.buffered === 0) await writer.flush();
    if (!body.isDone) void this.#sendBody();
    if (body.isDone) this.#watchClient();
    const answer = await this.#finalHead();
    deadline.set(INGRESS.streamIdleMs);
    if (answer.status === 101) return await this.#upgrade(answer);
    await this.#passBody(answer, new BodyReader(reader, answer.framing));
    const { pool, upstream } = this.#options;
    if (answer.keepAlive && body.isDone) pool.release(upstream, this.#connection);
    else this.#connection.close();
  }

  /** A client that leaves wants no answer; its upstream is told by the end of the connection. */
  #watchClient(): void {
    const connection = this.#connection;
    this.#exchange.watch(() => {
      this.#clientFailure ??= new Error("The client is gone");
      connection.close();
    });
  }

  /** Beside the answer, which may begin, and even end, before all of the body is there. */
  async #sendBody(): Promise<void> {
    const exchange = this.#exchange;
    const { writer, deadline } = this.#connection;
    while (true) {
      const part = await exchange.read().catch((error: unknown) => {
        this.#clientFailure ??= error;
        this.#connection.close();
        return null;
      });
      if (this.#clientFailure !== null) return;
      try {
        if (part === null) {
          await writer.end(exchange.body.trailers.filter(isTrailer));
          return this.#watchClient();
        }
        await writer.write(part);
        deadline.set(INGRESS.answerTimeoutMs);
      } catch {
        // An upstream may refuse a body: what it has to say is read by whoever waits for it.
        return;
      }
    }
  }

  async #finalHead(): Promise<ResponseHead> {
    const { method, isWebSocket } = this.#exchange.head;
    for (let count = 0; count <= INTERIM_MAX; count++) {
      const lines = await this.#connection.reader.readHead();
      if (lines === null) throw new Error("No answer");
      this.#isAnswered = true;
      const head = parseResponseHead(lines, method);
      if (head.status >= 200 || (head.status === 101 && isWebSocket)) return head;
      if (head.status === 101) throw new BadMessage(502, "an upgrade that nobody asked for");
      await this.#exchange.inform(head);
    }
    throw new BadMessage(502, "too many interim answers");
  }

  async #passBody(answer: ResponseHead, body: BodyReader): Promise<void> {
    const exchange = this.#exchange;
    const { deadline, reader } = this.#connection;
    const { setCookie } = this.#options;
    exchange.begin(answer, { setCookie });
    // Who waits for events is told that they will come, before the first of them does.
    if (!body.isDone && reader.buffered === 0) await exchange.flush();
    while (true) {
      const part = await body.read();
      if (part === null) break;
      deadline.set(INGRESS.streamIdleMs);
      await exchange.write(part);
    }
    await exchange.end(body.trailers.filter(isTrailer));
  }

  async #upgrade(answer: ResponseHead): Promise<void> {
    const { setCookie } = this.#options;
    this.#exchange.begin(answer, { setCookie, isUpgrade: true });
    await this.#exchange.flush();
    this.#exchange.unwatch();
    await relayBothWays(this.#exchange.client, this.#connection);
    this.#connection.close();
  }
}
