/**
 * The log lines of a process under test: kept, searched, waited for.
 *
 * @module
 */

/** One line of a process's stderr, parsed where it is a log line. */
export interface LogLine {
  readonly text: string;
  readonly event: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Waiter {
  readonly matches: (line: LogLine) => boolean;
  readonly resolve: (line: LogLine) => void;
}

function parseLine(text: string): LogLine {
  try {
    const { fields } = JSON.parse(text) as { fields?: Record<string, unknown> };
    if (fields) return { text, event: String(fields["event"]), fields };
  } catch {
    // Not every line is a log line: error lines and the setup token are plain text.
  }
  return { text, event: null, fields: {} };
}

export class LogWatcher {
  readonly lines: LogLine[] = [];
  readonly #waiters = new Set<Waiter>();
  #ended: string | null = null;

  /** Takes in a line. */
  push(text: string): void {
    const line = parseLine(text);
    this.lines.push(line);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(line)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(line);
    }
  }

  /** No more lines: whoever still waits fails with `why`. */
  end(why: string): void {
    this.#ended = why;
  }

  /** Lines of an event seen so far. */
  all(event: string): LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  get ended(): string | null {
    return this.#ended;
  }

  /** The first line from `from` on that matches, seen already or still to come. */
  wait(matches: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    const seen = this.lines.slice(from).find(matches);
    if (seen) return Promise.resolve(seen);
    return new Promise((resolve) => this.#waiters.add({ matches, resolve }));
  }
}
