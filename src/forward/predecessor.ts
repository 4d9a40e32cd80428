/**
 * The side of a process whose place another one takes.
 *
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Succession, SuccessionChannel, SuccessionListener } from "./succession.ts";
import { parseMessage, SUCCESSION_VERSION, type SuccessionMessage } from "./succession_message.ts";

/** How long a successor may take until it serves; until then this process does. */
const SERVE_MS = 60_000;
const ACCEPT_RETRY_MS = 1_000;

export interface PredecessorOptions {
  readonly succession: Succession;
  /** Of the Unix socket. */
  readonly path: string;
  /** Whose place it is: a successor has to say the same. */
  readonly identity: string;
  /** What a successor begins with. */
  readonly describe: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A process that serves with the sockets of this one. Disposing ends the talk. */
export class Heir implements Disposable {
  readonly pid: number;
  readonly #channel: SuccessionChannel;
  #isThere = true;

  constructor(channel: SuccessionChannel) {
    this.pid = channel.peerPid;
    this.#channel = channel;
    void this.#watch();
  }

  /** Whether it is there still, as far as is known. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** This process takes nothing new any more. @throws {Error} when the heir is gone */
  async release(news: string): Promise<void> {
    await sendTo(this.#channel, { type: "released", news });
  }

  /** What became of the rest. @throws {Error} when the heir is gone */
  async tell(news: string): Promise<void> {
    await sendTo(this.#channel, { type: "news", news });
  }

  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }

  /** It says nothing more: what comes is its end. */
  async #watch(): Promise<void> {
    try {
      await this.#channel.receive();
    } catch {
      // Gone, too.
    }
    this.#isThere = false;
  }
}

/** Waits for successors, one after another, until one serves. */
export class Predecessor implements Disposable {
  readonly #options: PredecessorOptions;
  readonly #listener: SuccessionListener;
  readonly #over = new AbortController();

  constructor(options: PredecessorOptions, listener: SuccessionListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** `null` when nobody can take this process's place, which is logged. */
  static open(
    options: Omit<PredecessorOptions, "succession"> & {
      readonly succession: Succession | null;
    },
  ): Predecessor | null {
    const { succession, path, logger } = options;
    if (succession === null) return null;
    try {
      const listener = succession.listen(path);
      logger.info("succession.listening", { path });
      return new Predecessor({ ...options, succession }, listener);
    } catch (error) {
      logger.info("succession.unavailable", { path, error: errorText(error) });
      return null;
    }
  }

  /** The next process that serves; `null` once disposed. Calls must not overlap. */
  async next(): Promise<Heir | null> {
    while (true) {
      let channel: SuccessionChannel;
      try {
        channel = await this.#listener.accept();
      } catch (error) {
        if (this.#over.signal.aborted) return null;
        await this.#pause(error);
        continue;
      }
      const heir = await this.#try(channel);
      if (heir !== null) return heir;
      channel[Symbol.dispose]();
    }
  }

  /** What fails an accept passes: a stranger goes, descriptors come back. */
  async #pause(error: unknown): Promise<void> {
    const { clock, logger } = this.#options;
    logger.warn("succession.accept_failed", { error: errorText(error) });
    await sleep(clock, ACCEPT_RETRY_MS, this.#over.signal).catch(() => undefined);
  }

  /** Waits for nobody any more, and removes the socket. */
  [Symbol.dispose](): void {
    this.#over.abort();
    this.#listener[Symbol.dispose]();
  }

  async #try(channel: SuccessionChannel): Promise<Heir | null> {
    const { logger, clock } = this.#options;
    const pid = channel.peerPid;
    let isLate = false;
    using _deadline = clock.timer(SERVE_MS, () => {
      isLate = true;
      void sendTo(channel, { type: "withdrawn" }).catch(() => undefined)
        .finally(() => channel[Symbol.dispose]());
    });
    try {
      const refusal = await this.#offer(channel);
      if (refusal === "gone") return null;
      if (refusal !== null) {
        logger.warn("succession.refused", { pid, reason: refusal });
        await sendTo(channel, { type: "refused", reason: refusal });
        return null;
      }
      const answer = parseMessage(await channel.receive());
      if (answer?.type === "serving" && !isLate) return new Heir(channel);
      logger.warn("succession.abandoned", { pid, reason: "the other process has ended" });
    } catch (error) {
      const reason = isLate ? `it did not serve within ${SERVE_MS / 1_000} s` : errorText(error);
      logger.warn("succession.abandoned", { pid, reason });
    }
    return null;
  }

  /** Gives away what there is. @returns why not, or `null` */
  async #offer(channel: SuccessionChannel): Promise<string | null> {
    const { identity, describe, logger } = this.#options;
    const asked = parseMessage(await channel.receive());
    // Somebody looked whether anybody is here.
    if (asked === null) return "gone";
    if (asked.type !== "take_over" || asked.version !== SUCCESSION_VERSION) {
      return "it is of another version";
    }
    if (asked.identity !== identity) return "it is to do something else";
    logger.info("succession.offered", { pid: channel.peerPid });
    await sendTo(channel, { type: "offer", state: describe() });
    await channel.giveSockets();
    return null;
  }
}

async function sendTo(channel: SuccessionChannel, message: SuccessionMessage): Promise<void> {
  await channel.send(JSON.stringify(message));
}
