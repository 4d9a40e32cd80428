/**
 * Relaying in a Worker, with the caps and quotas of the main thread.
 *
 * @module
 */

import { Relay, type Relaying, type RelayOptions } from "../portable/relay.ts";
import { LinuxSocket } from "./linux_socket.ts";
import { SystemError } from "./native/errno.ts";
import { WORKER_GONE } from "./protocol.ts";
import type { SessionEnd, SessionSink, WorkerLink } from "./worker_link.ts";

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

  /** Takes back what has become metered. */
  review(): void {
    for (const relay of this.#running) relay.review();
  }
}

type Options = RelayOptions & { readonly outside: LinuxSocket; readonly target: LinuxSocket };

/**
 * Relays as `Relay` does. Where nothing is to be asked before bytes may pass, a Worker moves them;
 * as soon as something is, the main thread does, so that there is one place that knows what is left
 * of a budget, however many Workers there are.
 */
class WorkerRelay implements Relaying, SessionSink {
  readonly #options: Options;
  readonly #link: WorkerLink;
  readonly #running: Set<WorkerRelay>;
  readonly #counted = { bytesIn: 0, bytesOut: 0 };
  #session: number | null = null;
  #ended: PromiseWithResolvers<SessionEnd> | null = null;
  #here: Relay | null = null;
  #isDetaching = false;
  #abortion: { readonly reason: unknown } | null = null;
  outside = -1;
  target = -1;

  constructor(options: Options, link: WorkerLink, running: Set<WorkerRelay>) {
    this.#options = options;
    this.#link = link;
    this.#running = running;
  }

  async run(): Promise<void> {
    let preRead = this.#options.preRead;
    if (!this.#options.policy.isMetered && this.#abortion === null) {
      if (preRead !== null) await this.#replay(preRead);
      preRead = null;
      const end = await this.#relayThere();
      if (end !== null && !("session" in end)) return this.#over(end.errno);
    }
    if (this.#abortion !== null) throw this.#abortion.reason;
    this.#here = new Relay({ ...this.#options, preRead });
    await this.#here.run();
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

  review(): void {
    if (this.#session === null || this.#isDetaching || !this.#options.policy.isMetered) return;
    this.#isDetaching = true;
    this.#link.detach(this.#session);
  }

  finished(end: SessionEnd): void {
    this.count();
    this.#session = null;
    this.#running.delete(this);
    if ("session" in end) {
      this.#restore(end.unsentIn, end.unsentOut);
      if (this.#abortion !== null) this.#close();
    }
    this.#ended?.resolve(end);
  }

  /** How the Worker's session ended; `null` when it has no room for one. */
  #relayThere(): Promise<SessionEnd> | null {
    const { outside, target, policy } = this.#options;
    // Metered or cut while the target took what had been read before.
    if (policy.isMetered || this.#abortion !== null) return null;
    this.outside = outside.release();
    this.target = target.release();
    this.#session = this.#link.relay(this);
    if (this.#session === null) {
      this.#restore(null, null);
      return null;
    }
    this.#running.add(this);
    this.#ended = Promise.withResolvers<SessionEnd>();
    return this.#ended.promise;
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
      throw this.#abortion === null ? error : this.#abortion.reason;
    }
  }

  #over(errno: number): void {
    if (this.#abortion !== null) throw this.#abortion.reason;
    if (errno === WORKER_GONE) throw new Error("worker_crashed");
    if (errno !== 0) throw new SystemError(errno);
  }

  #restore(unsentIn: Uint8Array | null, unsentOut: Uint8Array | null): void {
    this.#options.outside.restore(this.outside, unsentIn);
    this.#options.target.restore(this.target, unsentOut);
  }

  #close(): void {
    this.#options.outside[Symbol.dispose]();
    this.#options.target[Symbol.dispose]();
  }
}
