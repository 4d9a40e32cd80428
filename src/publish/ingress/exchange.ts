/**
 * A request of a client, and the answer to it.
 *
 * @module
 */

import { INGRESS } from "../../core/publish_limits.ts";
import type { Deadline } from "./deadlines.ts";
import { type AnswerHead, responseHeadText, type ResponseWay } from "./forwarded_head.ts";
import { BodyReader } from "./http1/body_reader.ts";
import type { Field } from "./http1/field_lines.ts";
import type { MessageReader } from "./http1/message_reader.ts";
import { MessageWriter } from "./http1/message_writer.ts";
import type { RequestHead } from "./http1/request_head.ts";
import type { ResponseHead } from "./http1/response_head.ts";
import type { Transport } from "./http1/transport.ts";
import { reasonOf } from "./status_texts.ts";

/** The client's side of an exchange. */
export interface ClientSide {
  readonly transport: Transport;
  readonly reader: MessageReader;
  readonly deadline: Deadline;
  /** Address of the client, an IPv4 one as such. */
  readonly address: string;
  /** What the client named in its TLS handshake; `null` without TLS. */
  readonly serverName: string | null;
  /** Whether no further request is wanted. */
  readonly isDraining: boolean;
}

export class Exchange {
  readonly head: RequestHead;
  readonly client: ClientSide;
  readonly body: BodyReader;
  readonly #writer: MessageWriter;
  #status: number | null = null;
  #keepAlive = false;
  #onGone: (() => void) | null = null;

  constructor(head: RequestHead, client: ClientSide) {
    this.head = head;
    this.client = client;
    this.body = new BodyReader(client.reader, head.framing);
    this.#writer = new MessageWriter(client.transport);
  }

  /** Of the final answer; `null` before it begins. */
  get status(): number | null {
    return this.#status;
  }

  /** Whether the connection can take another request, now that the answer is complete. */
  get keepAlive(): boolean {
    return this.#keepAlive && this.body.isDone;
  }

  /**
   * Calls `callback` when the client leaves before it has its answer, until {@linkcode unwatch}.
   * Nothing of the body may be left.
   */
  watch(callback: () => void): void {
    this.#onGone = callback;
    const { reader } = this.client;
    reader.settle();
    if (reader.buffered > 0) return;
    const gone = () => this.#onGone?.();
    void reader.fill().then((isMore) => isMore || gone(), gone);
  }

  unwatch(): void {
    this.#onGone = null;
  }

  /** The next bytes of the request's body; see {@linkcode BodyReader.read}. */
  async read(): Promise<Uint8Array | null> {
    this.client.deadline.set(INGRESS.stalledTimeoutMs);
    const part = await this.body.read();
    this.client.deadline.lift();
    return part;
  }

  /** Sends an interim answer (RFC 9110 §15.2) to a client that knows of them. */
  async inform(head: ResponseHead): Promise<void> {
    if (this.head.minor === 0) return;
    this.#writer.begin(
      responseHeadText(head, { framing: head.framing, keepAlive: true }),
      head.framing,
    );
    await this.#timed(this.#writer.flush());
  }

  /** Begins the final answer; its head leaves with the first bytes of its body. */
  begin(head: AnswerHead, more: Pick<ResponseWay, "setCookie" | "isUpgrade"> = {}): void {
    const { framing, keepAlive } = this.#wayOf(head);
    this.#status = head.status;
    this.#keepAlive = keepAlive;
    this.#writer.begin(responseHeadText(head, { ...more, framing, keepAlive }), framing);
  }

  /** A client of HTTP/1.0 knows no chunks; others need them where there is no length. */
  #wayOf({ framing }: AnswerHead): ResponseWay {
    const mayGoOn = this.head.keepAlive && this.body.isDone && !this.client.isDraining;
    if (framing.kind === "none" || framing.kind === "length") {
      return { framing, keepAlive: mayGoOn };
    }
    if (this.head.minor === 0) return { framing: { kind: "close" }, keepAlive: false };
    return { framing: { kind: "chunked" }, keepAlive: mayGoOn };
  }

  /** Sends some of the answer's body. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#timed(this.#writer.write(bytes));
  }

  /** Sends the head if that is all that is to be sent yet. */
  async flush(): Promise<void> {
    await this.#timed(this.#writer.flush());
  }

  /** Ends the answer. */
  async end(trailers: readonly Field[] = []): Promise<void> {
    await this.#timed(this.#writer.end(trailers));
    this.unwatch();
  }

  /** Answers in a line of text, which says no more than the status does. */
  async answer(status: number, fields: readonly Field[] = []): Promise<void> {
    const body = new TextEncoder().encode(`${status} ${reasonOf(status)}\n`);
    const isBare = this.head.method === "HEAD";
    this.begin({
      status,
      reason: reasonOf(status),
      fields: [field("Content-Type", "text/plain; charset=utf-8"), ...fields],
      connection: [],
      framing: isBare ? { kind: "none" } : { kind: "length", bytes: body.length },
    });
    if (!isBare) await this.write(body);
    await this.end();
  }

  /** A client that takes nothing is cut; one that is waited for has all the time in the world. */
  async #timed(writing: Promise<void>): Promise<void> {
    this.client.deadline.set(INGRESS.stalledTimeoutMs);
    await writing;
    this.client.deadline.lift();
  }
}

/** A field that this ingress writes. */
export function field(name: string, value: string): Field {
  return { name, key: name.toLowerCase(), value };
}
