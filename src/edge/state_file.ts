/**
 * The file that keeps what a client was last told to do, so that it forwards again at once when
 * it starts while the server is away.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { writeFileAtomic } from "../system/atomic_file.ts";
import { type ClientState, decodeState, encodeState, type StateOwner } from "./client_state.ts";

/** Changes wait this long for company: a replay of thousands of rules is a few writes. */
const WRITE_DELAY_MS = 1_000;

/** How often what is left of quotas is written down. */
const QUOTA_INTERVAL_MS = 60_000;

const FILE_MODE = 0o600;

/** What is done to the file; tests pass one that fails. */
export interface StateStorage {
  /** @throws {Deno.errors.NotFound} when there is no file */
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  /** @throws {Deno.errors.NotFound} when there is no file */
  remove(path: string): Promise<void>;
}

const systemStorage: StateStorage = {
  read: (path) => Deno.readTextFile(path),
  write: (path, text) => writeFileAtomic(path, text, { mode: FILE_MODE }),
  remove: (path) => Deno.remove(path),
};

/** Whose state is kept, and how it changes. */
export interface StateSource {
  state(): ClientState;
  watch(onChange: () => void): void;
}

export interface StateFileOptions {
  readonly path: string;
  readonly owner: StateOwner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly storage?: StateStorage;
}

/**
 * Keeps a file in step with a source, from {@linkcode follow} until {@linkcode close} or
 * {@linkcode forget}. That it cannot be written is logged once and keeps nothing from forwarding.
 */
export class StateFile {
  readonly #options: StateFileOptions;
  readonly #storage: StateStorage;
  #source: StateSource | null = null;
  #isOver = false;
  /** What the file is known to hold. */
  #written = "";
  /** What is to be written next. */
  #next: string | null = null;
  #isDirty = false;
  #isFailing = false;
  #timer: Disposable | null = null;
  #quotaTimer: Disposable | null = null;
  /** The tail of what is done to the file, one after another. */
  #tail: Promise<void> = Promise.resolve();

  constructor(options: StateFileOptions) {
    this.#options = options;
    this.#storage = options.storage ?? systemStorage;
  }

  /** What the file says; `null` when there is none, or none of use, which is logged. */
  async load(): Promise<ClientState | null> {
    const { path, owner, logger } = this.#options;
    if (this.#isOver) return null;
    try {
      const text = await this.#storage.read(path);
      const state = decodeState(text, owner);
      this.#written = text;
      return state;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      logger.warn("client.state_ignored", { path, error: messageOf(error) });
      return null;
    }
  }

  /** Writes the state of `source` down whenever it changes, and what is left of quotas at times. */
  follow(source: StateSource): void {
    if (this.#isOver) return;
    this.#source = source;
    source.watch(() => this.#changed());
    this.#armQuotas();
  }

  /** Writes the state as it is at the moment of the call, and none that follows. */
  close(): Promise<void> {
    this.#write();
    this.#stop();
    return this.settled();
  }

  /** Resolves when everything that was begun is done. */
  settled(): Promise<void> {
    return this.#tail;
  }

  /** Deletes the file, and writes no other. */
  forget(): Promise<void> {
    const { path, logger } = this.#options;
    this.#stop();
    return this.#queue(async () => {
      try {
        await this.#storage.remove(path);
        logger.info("client.state_forgotten", { path });
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return;
        logger.error("client.state_forget_failed", { path, error: messageOf(error) });
      }
    });
  }

  #changed(): void {
    if (this.#source === null) return;
    this.#isDirty = true;
    this.#timer ??= this.#options.clock.timer(WRITE_DELAY_MS, () => {
      this.#timer = null;
      this.#write();
    });
  }

  #armQuotas(): void {
    this.#quotaTimer = this.#options.clock.timer(QUOTA_INTERVAL_MS, () => {
      this.#write();
      this.#armQuotas();
    });
  }

  /** Writes what differs from the file, if it was changed or is metered. */
  #write(): void {
    if (this.#source === null) return;
    const state = this.#source.state();
    if (!this.#isDirty && state.quotas.length === 0) return;
    this.#isDirty = false;
    const text = encodeState(state, this.#options.owner);
    if (text === this.#written) return;
    this.#written = text;
    this.#next = text;
    void this.#queue(() => this.#store());
  }

  async #store(): Promise<void> {
    const { path, logger } = this.#options;
    const text = this.#next;
    // On a slow disk the newest text goes for those before it.
    if (text === null) return;
    this.#next = null;
    try {
      await this.#storage.write(path, text);
      this.#isFailing = false;
    } catch (error) {
      this.#written = "";
      this.#isDirty = true;
      if (!this.#isFailing) {
        logger.warn("client.state_write_failed", { path, error: messageOf(error) });
      }
      this.#isFailing = true;
    }
  }

  #stop(): void {
    this.#isOver = true;
    this.#source = null;
    this.#timer?.[Symbol.dispose]();
    this.#quotaTimer?.[Symbol.dispose]();
  }

  #queue(step: () => Promise<void>): Promise<void> {
    this.#tail = this.#tail.then(step);
    return this.#tail;
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
