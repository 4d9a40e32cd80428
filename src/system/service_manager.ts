/**
 * What systemd wants to know of a service (sd_notify(3)): a datagram to the socket that it names
 * in the environment. Without one, nothing is sent.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { errorText } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { sendUnixDatagram } from "./unix_socket.ts";

export interface ServiceManagerOptions {
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
  /** Of this process: a parent's watchdog is not ours. */
  readonly pid: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default {sendUnixDatagram} */
  readonly send?: typeof sendUnixDatagram;
}

/** The manager of this service, or nobody. */
export class ServiceManager implements Disposable {
  readonly #options: ServiceManagerOptions;
  readonly #path: string | null;
  #watchdog: Disposable | null = null;
  #warned = false;
  #isStopping = false;
  #isOver = false;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    this.#path = socketPath(options.env("NOTIFY_SOCKET"));
  }

  /**
   * The service works. From now on it says that it is alive, twice as often as the manager asks
   * (`WATCHDOG_USEC`); a process whose event loop stands still falls silent.
   */
  async ready(): Promise<void> {
    await this.#notify("READY=1");
    const ms = watchdogMs(this.#options);
    if (ms !== null && !this.#isStopping && !this.#isOver) this.#beat(ms / 2);
  }

  /** It has begun to stop; the watchdog goes on until the end. */
  async stopping(): Promise<void> {
    this.#isStopping = true;
    await this.#notify("STOPPING=1");
  }

  /** The process `pid`, which has to be one of the service, is the service from now on. */
  async succeededBy(pid: number): Promise<void> {
    this[Symbol.dispose]();
    await this.#notify(`MAINPID=${pid}`);
  }

  /**
   * What a process needs in its environment to be a manager's instead of this one. A manager does
   * not tell it to those that it starts beside the service's own process.
   */
  get environment(): Readonly<Record<string, string>> {
    const { env } = this.#options;
    const path = env("NOTIFY_SOCKET");
    if (path === undefined || this.#path === null) return {};
    const isWatched = watchdogMs(this.#options) !== null;
    return {
      NOTIFY_SOCKET: path,
      ...(isWatched && { WATCHDOG_USEC: env("WATCHDOG_USEC") ?? "", WATCHDOG_PID: "" }),
    };
  }

  #beat(ms: number): void {
    if (this.#path === null) return;
    void this.#notify("WATCHDOG=1");
    this.#watchdog = this.#options.clock.timer(ms, () => this.#beat(ms));
  }

  /** A manager that does not listen is no reason not to serve. */
  async #notify(state: string): Promise<void> {
    if (this.#path === null) return;
    const { send = sendUnixDatagram, logger } = this.#options;
    try {
      await send(this.#path, state);
    } catch (error) {
      if (!this.#warned) logger.warn("service.notify_failed", { error: errorText(error) });
      this.#warned = true;
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#watchdog?.[Symbol.dispose]();
  }
}

/** An `@` stands for the zero byte that abstract names begin with (unix(7)). */
function socketPath(text: string | undefined): string | null {
  if (text === undefined || !/^[/@]./.test(text)) return null;
  return text.startsWith("@") ? `\0${text.slice(1)}` : text;
}

/** How long the manager waits for a sign of life; `null` for ever. */
function watchdogMs({ env, pid }: ServiceManagerOptions): number | null {
  const owner = env("WATCHDOG_PID");
  const micros = Number(env("WATCHDOG_USEC") ?? NaN);
  if (owner !== undefined && owner !== "" && Number(owner) !== pid) return null;
  return Number.isSafeInteger(micros) && micros > 0 ? micros / 1_000 : null;
}
