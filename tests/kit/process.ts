/**
 * Real processes under test. Each is stopped when its test ends, whatever happened, and its log is
 * printed when the test failed while it ran.
 *
 * @module
 */

import { TextLineStream } from "./text_lines.ts";
import { type LogLine, LogWatcher } from "./logs.ts";

/** How long a test waits for anything before it fails, in milliseconds. Never a pause. */
export const PATIENCE_MS = 30_000;

export interface SpawnOptions {
  /** For messages: what this process is. */
  readonly name: string;
  readonly command: readonly string[];
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A running process. */
export class TestProcess implements AsyncDisposable {
  readonly logs = new LogWatcher();
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Promise<string>;
  readonly #stderr: Promise<void>;
  /** Exit status; 128 + n for a signal, as shells say it. */
  readonly status: Promise<number>;

  constructor(readonly options: SpawnOptions) {
    const [program, ...args] = options.command;
    this.#child = new Deno.Command(program as string, {
      args,
      env: { ...options.env },
      clearEnv: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = new Response(this.#child.stdout).text();
    this.#stderr = this.#watch();
    this.status = this.#child.status.then(({ code }) => {
      this.logs.end(`exited with ${code}`);
      return code;
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  async #watch(): Promise<void> {
    const lines = this.#child.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(
      new TextLineStream(),
    );
    for await (const line of lines) this.logs.push(line);
  }

  /** The log line of an event whose fields include `fields`; fails when the process ends without it. */
  async event(
    event: string,
    fields: Readonly<Record<string, unknown>> = {},
    from = 0,
  ): Promise<LogLine> {
    const matches = (line: LogLine) =>
      line.event === event &&
      Object.entries(fields).every(([key, value]) => line.fields[key] === value);
    return await this.#orFail(
      this.logs.wait(matches, from),
      `log event ${event} ${JSON.stringify(fields)}`,
    );
  }

  /** The first stderr line that contains `text`. */
  async stderrLine(text: string): Promise<string> {
    const line = await this.#orFail(
      this.logs.wait((it) => it.text.includes(text)),
      `stderr line with "${text}"`,
    );
    return line.text;
  }

  /** Everything the process printed to stdout, once it has ended. */
  stdout(): Promise<string> {
    return this.#stdout;
  }

  /** Number of log lines so far: where to start looking for what comes next. */
  mark(): number {
    return this.logs.lines.length;
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Sends SIGTERM and waits for the exit status. */
  async stop(): Promise<number> {
    this.signal("SIGTERM");
    return await this.#orFail(this.status, "exit after SIGTERM", true);
  }

  /** Sends SIGKILL and waits for the end. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.status;
  }

  /** stderr as text, for messages. */
  transcript(): string {
    const lines = this.logs.lines.slice(-60).map(({ text }) => `    ${text}`);
    return [
      `  --- ${this.options.name} (${this.logs.ended ?? "running"}), last lines of stderr:`,
      ...lines,
    ].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.status;
    await this.#stdout;
    await this.#stderr;
  }

  async #orFail<T>(promise: Promise<T>, what: string, mayEnd = false): Promise<T> {
    const { promise: failure, reject } = Promise.withResolvers<never>();
    const fail = (why: string) =>
      reject(new Error(`${this.options.name}: no ${what}: ${why}\n${this.transcript()}`));
    const timer = setTimeout(() => fail(`not within ${PATIENCE_MS} ms`), PATIENCE_MS);
    if (!mayEnd) {
      void Promise.all([this.status, this.#stderr]).then(([code]) =>
        fail(`the process exited with ${code}`)
      );
    }
    try {
      return await Promise.race([promise, failure]);
    } finally {
      clearTimeout(timer);
    }
  }
}
