/**
 * The side of a process that takes the place of another one.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import type { Forwarder } from "./forwarder.ts";
import type { SuccessionChannel } from "./succession.ts";
import {
  parseMessage,
  SUCCESSION_VERSION,
  SuccessionError,
  type SuccessionMessage,
} from "./succession_message.ts";

/** How long the other process may take to answer. */
const OFFER_MS = 10_000;
const RELEASE_MS = 60_000;

export interface SuccessorOptions {
  readonly forwarder: Forwarder;
  /** Of the Unix socket where the other process waits. */
  readonly path: string;
  /** Whose place it is. */
  readonly identity: string;
  readonly clock: Clock;
}

/** The place of another process. Disposing leaves it to that one, unless it was taken. */
export class Inheritance implements Disposable {
  readonly pid: number;
  /** What the other process has described. */
  readonly state: string;
  readonly #channel: SuccessionChannel;
  readonly #clock: Clock;

  constructor(state: string, channel: SuccessionChannel, clock: Clock) {
    this.pid = channel.peerPid;
    this.state = state;
    this.#channel = channel;
    this.#clock = clock;
  }

  /**
   * To be called once all rules are open. Resolves when the other process takes nothing new and
   * has ended whatever there can be only one of; with its first news, or `null` when it has died.
   *
   * @throws {SuccessionError} when it goes on after all: then this process must not
   */
  async take(): Promise<string | null> {
    let isLate = false;
    using _deadline = this.#clock.timer(RELEASE_MS, () => {
      isLate = true;
      this[Symbol.dispose]();
    });
    // Where this fails, the other process has closed its end, and may have said why before that.
    await sendTo(this.#channel, { type: "serving" }).catch(() => undefined);
    const answer = await this.#lastWord();
    if (isLate) throw new SuccessionError("the other process does not let go");
    if (answer === null) return null;
    if (answer.type === "released") return answer.news;
    throw new SuccessionError("the other process goes on: this one was too late");
  }

  /** The next message, which an error of the connection may stand before (unix(7): ECONNRESET). */
  async #lastWord(): Promise<SuccessionMessage | null> {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        return await receiveFrom(this.#channel);
      } catch (error) {
        if (error instanceof SuccessionError) throw error;
      }
    }
    return null;
  }

  /** What the other process has to say until it is gone. */
  async *news(): AsyncGenerator<string> {
    while (true) {
      const message = await receiveFrom(this.#channel).catch(() => null);
      if (message === null) return;
      if (message.type === "news") yield message.news;
    }
  }

  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }
}

/**
 * Asks the process at `path` for its place. Rules that `forwarder` opens from now on have its
 * sockets; both serve until {@linkcode Inheritance.take}.
 *
 * @throws {SuccessionError} when it can't be had
 */
export async function inherit(
  { forwarder: { succession }, path, identity, clock }: SuccessorOptions,
): Promise<Inheritance> {
  if (succession === null) throw new SuccessionError("this engine has no sockets to take over");
  const channel = connect(() => succession.connect(path), path);
  try {
    using _deadline = clock.timer(OFFER_MS, () => channel[Symbol.dispose]());
    await sendTo(channel, { type: "take_over", version: SUCCESSION_VERSION, identity });
    const answer = await receiveFrom(channel);
    if (answer?.type === "refused") throw new SuccessionError(`refused: ${answer.reason}`);
    if (answer?.type !== "offer") throw new SuccessionError("the other process has ended");
    await channel.takeSockets();
    return new Inheritance(answer.state, channel, clock);
  } catch (error) {
    channel[Symbol.dispose]();
    throw error instanceof SuccessionError ? error : new SuccessionError(errorText(error));
  }
}

function connect(call: () => SuccessionChannel, path: string): SuccessionChannel {
  try {
    return call();
  } catch (error) {
    throw new SuccessionError(`nobody to take over from at ${path}: ${errorText(error)}`);
  }
}

async function receiveFrom(channel: SuccessionChannel): Promise<SuccessionMessage | null> {
  return parseMessage(await channel.receive());
}

async function sendTo(channel: SuccessionChannel, message: SuccessionMessage): Promise<void> {
  await channel.send(JSON.stringify(message));
}
