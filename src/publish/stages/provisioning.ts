/**
 * The tasks of setting up, one after the other, and how far they are.
 *
 * @module
 */

/** In their order. */
export const PROVISION_TASKS = [
  "listeners",
  "acme-account",
  "issue-certs",
  "ingress",
  "verify",
  "finalize",
] as const;
export type ProvisionTask = typeof PROVISION_TASKS[number];

export const TASK_STATUSES = ["pending", "running", "done", "error"] as const;
export type TaskStatus = typeof TASK_STATUSES[number];

/** What a task does; each may run again after it was done, or was stopped in the middle. */
export interface TaskWork {
  readonly title: string;
  /** @returns what it found or did, in a sentence */
  run(signal: AbortSignal): string | Promise<string>;
}

export type ProvisionWork = Readonly<Record<ProvisionTask, TaskWork>>;

/** How far a task is. */
export interface TaskState {
  readonly task: ProvisionTask;
  readonly title: string;
  readonly status: TaskStatus;
  /** What came of it, or why it failed. */
  readonly message: string | null;
}

/** How far a run is: the last one, or one that has not begun. */
export interface ProvisionState {
  readonly running: boolean;
  readonly tasks: readonly TaskState[];
}

/** Hears of every change; `task` is the one that changed. */
export interface ProvisionListener {
  changed(task: TaskState, state: ProvisionState): void;
  /** The run ended: with `null`, or with what failed. */
  ended(error: string | null): void;
}

export class Provisioning {
  readonly #work: ProvisionWork;
  readonly #listeners = new Set<ProvisionListener>();
  #state: ProvisionState;

  constructor(work: ProvisionWork) {
    this.#work = work;
    this.#state = { running: false, tasks: this.#pending() };
  }

  get state(): ProvisionState {
    return this.#state;
  }

  subscribe(listener: ProvisionListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Forgets the last run. */
  clear(): void {
    this.#state = { running: false, tasks: this.#pending() };
  }

  /** Runs all tasks until one fails. @returns what failed, or `null` */
  async run(signal: AbortSignal): Promise<string | null> {
    this.#state = { running: true, tasks: this.#pending() };
    let error: string | null = null;
    for (const task of PROVISION_TASKS) {
      error = await this.#runTask(task, signal);
      if (error !== null) break;
    }
    this.#state = { ...this.#state, running: false };
    for (const listener of [...this.#listeners]) listener.ended(error);
    return error;
  }

  async #runTask(task: ProvisionTask, signal: AbortSignal): Promise<string | null> {
    this.#set(task, "running", null);
    try {
      signal.throwIfAborted();
      this.#set(task, "done", await this.#work[task].run(signal));
      return null;
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      this.#set(task, "error", message);
      return `${task}: ${message}`;
    }
  }

  #set(task: ProvisionTask, status: TaskStatus, message: string | null): void {
    const changed = { task, title: this.#work[task].title, status, message };
    const tasks = this.#state.tasks.map((it) => it.task === task ? changed : it);
    this.#state = { ...this.#state, tasks };
    for (const listener of [...this.#listeners]) listener.changed(changed, this.#state);
  }

  #pending(): TaskState[] {
    return PROVISION_TASKS.map((task) => ({
      task,
      title: this.#work[task].title,
      status: "pending",
      message: null,
    }));
  }
}
