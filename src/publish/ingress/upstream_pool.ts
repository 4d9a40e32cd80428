/**
 * Connections to upstreams, kept for the next request.
 *
 * @module
 */

import { INGRESS } from "../../core/publish_limits.ts";
import type { UpstreamProblem } from "../../telemetry/ingress_metrics.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { MessageReader } from "./http1/message_reader.ts";
import { MessageWriter } from "./http1/message_writer.ts";
import type { Transport } from "./http1/transport.ts";

/** Where an upstream listens. */
export interface Upstream {
  readonly hostname: string;
  readonly port: number;
}

/** @throws what the system says, and the signal's reason when it fires */
export type Connect = (upstream: Upstream, signal: AbortSignal) => Promise<Transport>;

/** What went wrong with an upstream: for the answer, the metrics and the log. */
export class UpstreamFailure extends Error {
  override readonly name = "UpstreamFailure";

  constructor(readonly problem: UpstreamProblem, options?: ErrorOptions) {
    super(problem, options);
  }

  /** What the client is told (RFC 9110 §15.6.3, §15.6.5). */
  get status(): 502 | 504 {
    return this.problem.endsWith("timeout") ? 504 : 502;
  }
}

/** A connection to an upstream, for one request at a time. */
export class UpstreamConnection {
  readonly transport: Transport;
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
  readonly deadline: Deadline;
  /** Whether it has served a request before: the upstream may be closing it right now. */
  isReused = false;
  #isOpen = true;
  #timedOut = false;

  constructor(transport: Transport, deadlines: Deadlines) {
    this.transport = transport;
    this.reader = new MessageReader(transport, INGRESS.upstreamBufferBytes);
    this.writer = new MessageWriter(transport);
    this.deadline = deadlines.open(() => {
      this.#timedOut = true;
      this.close();
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether its time was over before it was done. */
  get timedOut(): boolean {
    return this.#timedOut;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.deadline[Symbol.dispose]();
    this.transport.close();
  }
}

export class UpstreamPool {
  readonly #connect: Connect;
  readonly #deadlines: Deadlines;
  /** By address; the last one to be released is the first to be used. */
  readonly #idle = new Map<string, UpstreamConnection[]>();
  #isClosed = false;

  constructor(connect: Connect, deadlines: Deadlines) {
    this.#connect = connect;
    this.#deadlines = deadlines;
  }

  /** Connections without a request. */
  get idle(): number {
    return this.#idle.values().reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * A connection for one request.
   *
   * @param isFresh whether it has to be a new one
   * @throws {UpstreamFailure}
   */
  async acquire(upstream: Upstream, isFresh: boolean): Promise<UpstreamConnection> {
    const kept = isFresh ? undefined : this.#idle.get(keyOf(upstream))?.pop();
    if (kept !== undefined) {
      kept.isReused = true;
      return kept;
    }
    const timeout = new AbortController();
    using deadline = this.#deadlines.open(() => timeout.abort());
    deadline.set(INGRESS.connectTimeoutMs);
    try {
      const transport = await this.#connect(upstream, timeout.signal);
      return new UpstreamConnection(transport, this.#deadlines);
    } catch (cause) {
      const problem = timeout.signal.aborted ? "connect_timeout" : "connect";
      throw new UpstreamFailure(problem, { cause });
    }
  }

  /** Keeps a connection whose last answer was read in full, unless there are enough. */
  release(upstream: Upstream, connection: UpstreamConnection): void {
    const key = keyOf(upstream);
    const idle = this.#idle.get(key) ?? [];
    // What comes unasked is no answer to a request that is yet to be sent.
    const isClean = connection.isOpen && connection.reader.buffered === 0;
    if (this.#isClosed || !isClean || idle.length >= INGRESS.idleUpstreamsMax) {
      return connection.close();
    }
    idle.push(connection);
    this.#idle.set(key, idle);
    connection.reader.settle();
    connection.deadline.set(INGRESS.idleUpstreamMs);
    const drop = () => this.#drop(key, connection);
    // Begun before it is needed, this read tells of an upstream that closes; else the answer is in it.
    void connection.reader.fill().then(drop, drop);
  }

  /** Closes what is idle, and keeps nothing any more. */
  close(): void {
    this.#isClosed = true;
    for (const idle of this.#idle.values()) for (const connection of idle) connection.close();
    this.#idle.clear();
  }

  /** Something came on a connection, or its end did: that it is idle makes it useless. */
  #drop(key: string, connection: UpstreamConnection): void {
    const idle = this.#idle.get(key);
    const at = idle?.indexOf(connection) ?? -1;
    if (idle === undefined || at < 0) return;
    idle.splice(at, 1);
    if (idle.length === 0) this.#idle.delete(key);
    connection.close();
  }
}

const keyOf = ({ hostname, port }: Upstream): string => `${hostname}|${port}`;
