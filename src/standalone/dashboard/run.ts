/**
 * `stats` without `--once`: the dashboard on a terminal.
 *
 * @module
 */

import { hostLiteral } from "../../core/address.ts";
import type { Clock } from "../../core/clock.ts";
import { STANDALONE } from "../../core/limits.ts";
import { systemClock } from "../../system/clock.ts";
import type { ProcessIo } from "../../system/process_io.ts";
import { type ScreenTerminal, screenTerminal } from "../../system/screen_terminal.ts";
import { probeTcp } from "../../system/tcp_probe.ts";
import { connectStats, type StatsMessage } from "../stats_reader.ts";
import { parseKeys } from "./keys.ts";
import { initialModel, type Model, onKey, onMessage } from "./model.ts";
import { listedRows, preferredTarget } from "./rows.ts";
import { paint } from "./screen.ts";
import { frame } from "./view.ts";

/** Another screen without a cursor, and back to what was there. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE = "\x1b[?25h\x1b[?1049l";

/** Shows the daemon at `path` until `q`, or until it ends. Returns the exit status. */
export async function runDashboard(path: string, io: ProcessIo): Promise<number> {
  try {
    if (!screenTerminal.isTerminal()) throw new Error("needs a terminal; try --once");
    using connection = await connectStats(path);
    await showDashboard(connection.messages(), {
      terminal: screenTerminal,
      clock: systemClock,
      probe: probeTcp,
      isColoured: (io.env("NO_COLOR") ?? "") === "",
    });
    return 0;
  } catch (error) {
    io.err(`error: stats TUI: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
}

export interface DashboardParts {
  readonly terminal: ScreenTerminal;
  readonly clock: Clock;
  readonly probe: typeof probeTcp;
  readonly isColoured: boolean;
}

/**
 * Draws what `messages` tell until they end, or the user does. The terminal is as before
 * afterwards, whatever happened.
 *
 * @throws what reading the messages or writing to the terminal throws
 */
export async function showDashboard(
  messages: AsyncIterator<StatsMessage>,
  parts: DashboardParts,
): Promise<void> {
  const first = await messages.next();
  if (first.done === true) return;
  if (first.value.kind !== "hello") throw new Error("the daemon did not say hello");
  const { terminal } = parts;
  using restoring = new DisposableStack();
  restoring.defer(() => terminal.setRaw(false));
  restoring.defer(() => terminal.write(LEAVE));
  terminal.setRaw(true);
  terminal.write(ENTER);
  await new Dashboard(initialModel(first.value.hello), parts).run(messages);
}

class Dashboard {
  readonly #parts: DashboardParts;
  readonly #ended = Promise.withResolvers<void>();
  #model: Model;
  #isOver = false;

  constructor(model: Model, parts: DashboardParts) {
    this.#model = model;
    this.#parts = parts;
  }

  async run(messages: AsyncIterator<StatsMessage>): Promise<void> {
    const { terminal } = this.#parts;
    using _resized = terminal.onResize(() => this.#draw());
    using _stop = terminal.onStop(() => this.#ended.resolve());
    using _probes = this.#probeRegularly();
    this.#draw();
    try {
      // Whoever ends first ends it all; a read of the keyboard cannot be taken back.
      await Promise.race([this.#ended.promise, this.#listen(messages), this.#watchKeys()]);
    } finally {
      this.#isOver = true;
    }
  }

  async #listen(messages: AsyncIterator<StatsMessage>): Promise<void> {
    for (let it = await messages.next(); it.done !== true; it = await messages.next()) {
      this.#update(onMessage(this.#model, it.value));
    }
  }

  async #watchKeys(): Promise<void> {
    for await (const text of this.#parts.terminal.typed()) {
      for (const key of parseKeys(text)) {
        const order = listedRows(this.#model).map(({ rule }) => rule.id);
        const next = onKey(this.#model, key, order);
        if (next === null) return;
        this.#update(next);
      }
    }
  }

  #update(model: Model): void {
    if (model === this.#model) return;
    this.#model = model;
    this.#draw();
  }

  #draw(): void {
    if (this.#isOver) return;
    const { terminal, isColoured } = this.#parts;
    try {
      terminal.write(paint(frame(this.#model, terminal.size()), isColoured));
    } catch (error) {
      // Thrown into an event's handler it would end the process at once, with the screen as it is.
      this.#ended.reject(error);
    }
  }

  #probeRegularly(): Disposable {
    const { clock } = this.#parts;
    let timer: Disposable;
    const round = () => {
      for (const rule of this.#model.hello.rules) {
        if (rule.proto === "tcp") void this.#probe(rule.id);
      }
      timer = clock.timer(STANDALONE.probeIntervalMs, round);
    };
    round();
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  async #probe(id: string): Promise<void> {
    const rule = this.#model.hello.rules.find((it) => it.id === id);
    const target = rule && preferredTarget(rule);
    if (target === undefined) return;
    const outcome = await this.#parts.probe({
      hostname: hostLiteral(target.host),
      port: target.port,
      timeoutMs: STANDALONE.probeTimeoutMs,
    });
    this.#update({ ...this.#model, rtt: new Map(this.#model.rtt).set(id, outcome) });
  }
}
