/**
 * Relaying in a Worker.
 *
 * @module
 */

import { Exhaustion } from "../portable/exhaustion.ts";
import { Relay, type Relaying, type RelayOptions } from "../portable/relay.ts";
import { LinuxSocket } from "./linux_socket.ts";
import { NO_METER } from "./meters.ts";
import { SystemError } from "./native/errno.ts";
import { WORKER_GONE } from "./protocol.ts";
import type { Pair } from "./sessions.ts";
import { slotOf } from "./shared_meter.ts";
import type { SessionSink, WorkerLink } from "./worker_link.ts";

/** The relays of an engine. */
export class WorkerRelays {
  readonly #links: readonly WorkerLink[];
  /** Those that a Worker runs. */
  readonly #running = new Set<WorkerRelay>();

  constructor(links: readonly WorkerLink[]) {
    this.#links = links;
  }

  readonly create = (options: RelayOptions): Relaying => {
    const { outside, target } = options;
    if (!(outside instanceof LinuxSocket && target instanceof LinuxSocket)) {
      return new Relay(options);
    }
    const link = this.#links.reduce((a, b) => b.sessionCount < a.sessionCount ? b : a);
    return new WorkerRelay({ ...options, outside, target }, link, this.#running);
  };

  /** Counts what went through until now. */
  count(): void {
    for (const relay of this.#running) relay.count();
  }
}

type Options = RelayOptions & { readonly outside: LinuxSocket; readonly target: LinuxSocket };

/** Relays as `Relay` does, in a Worker. Only when that has no room, this thread does it. */
class WorkerRelay implements Relaying, SessionSink {
  readonly #options: Options;
  readonly #link: WorkerLink;
  readonly #running: Set<WorkerRelay>;
  readonly #counted = { bytesIn: 0, bytesOut: 0 };
  readonly #ended = Promise.withResolvers<number>();
  #session: number | null = null;
  #here: Relay | null = null;
  #abortion: { readonly reason: unknown } | null = null;
  pair: Pair = { outside: -1, target: -1, rule: NO_METER, owner: NO_METER };

  constructor(options: Options, link: WorkerLink, running: Set<WorkerRelay>) {
    this.#options = options;
    this.#link = link;
    this.#running = running;
  }

  async run(): Promise<void> {
    const { preRead, policy, clock } = this.#options;
    if (preRead !== null) await this.#replay(preRead);
    this.#throwIfAborted();
    if (!this.#begin()) return await this.#relayHere();
    using _exhaustion = new Exhaustion(policy, clock, (reason) => this.abort(reason));
    const errno = await this.#ended.promise;
    this.#throwIfAborted();
    if (errno === WORKER_GONE) throw new Error("worker_crashed");
    if (errno !== 0) throw new SystemError(errno);
  }

  abort(reason: unknown): void {
    if (this.#abortion !== null) return;
    this.#abortion = { reason };
    if (this.#here !== null) this.#here.abort(reason);
    else if (this.#session !== null) this.#link.cut(this.#session);
    else this.#close();
  }

  count(): void {
    if (this.#session === null) return;
    const { tally } = this.#options;
    const { bytesIn, bytesOut } = this.#counted;
    this.#link.read(this.#session, this.#counted);
    if (this.#counted.bytesIn > bytesIn) tally.countIn(this.#counted.bytesIn - bytesIn);
    if (this.#counted.bytesOut > bytesOut) tally.countOut(this.#counted.bytesOut - bytesOut);
  }

  finished(errno: number): void {
    this.count();
    this.#session = null;
    this.#running.delete(this);
    this.#ended.resolve(errno);
  }

  /** Hands both sockets to the Worker. @returns whether it has room for them */
  #begin(): boolean {
    const { outside, target, policy } = this.#options;
    if (!this.#link.hasRoom) return false;
    const { rule, owner } = policy.meters;
    this.pair = {
      outside: outside.release(),
      target: target.release(),
      rule: slotOf(rule),
      owner: slotOf(owner),
    };
    this.#session = this.#link.relay(this);
    this.#running.add(this);
    return true;
  }

  #relayHere(): Promise<void> {
    this.#here = new Relay({ ...this.#options, preRead: null });
    return this.#here.run();
  }

  /** Sends what was read before there was a target. Caps and quotas do not count it. */
  async #replay(preRead: Uint8Array): Promise<void> {
    const { target, tally } = this.#options;
    try {
      for (let rest = preRead; rest.length > 0;) {
        const written = await target.write(rest as Uint8Array<ArrayBuffer>);
        rest = rest.subarray(written);
        tally.countIn(written);
      }
    } catch (error) {
      this.#throwIfAborted();
      throw error;
    }
  }

  #throwIfAborted(): void {
    if (this.#abortion !== null) throw this.#abortion.reason;
  }

  #close(): void {
    this.#options.outside[Symbol.dispose]();
    this.#options.target[Symbol.dispose]();
  }
}
