import type { Lab } from "../../tests/kit/lab.ts";
import type { TestProcess } from "../../tests/kit/process.ts";
import { Absences } from "./absences.ts";
import type { FleetRule } from "./fleet_rules.ts";
import type { Look } from "./lives.ts";

const FAST = ["--reconnect-initial-delay-ms", "50", "--reconnect-max-delay-secs", "1"];
/** Log lines of a rule that a problem is explained with. */
const LINES_MAX = 4;
const MIB = 1_024 * 1_024;

/** Who hears of what is wrong. */
export interface Watch {
  report(problem: string): void;
  /** A process ended by itself; `problem` has what it said last. */
  died(problem: string): void;
}

/** A program that lives again and again, and what it had of memory in each of its lives. */
export class Subject {
  readonly lives: Look[][] = [];
  #process: TestProcess | null = null;
  #bornAt = 0;
  /** It is to end. */
  #isEnding = false;
  /** It has come so far that it can be asked. */
  #isUp = false;

  constructor(readonly name: string, readonly watch: Watch) {}

  /** @throws {TypeError} it was never started */
  get process(): TestProcess {
    if (this.#process === null) throw new TypeError(`${this.name} was never started`);
    return this.#process;
  }

  /** `process` is the next life. */
  live(process: TestProcess): void {
    this.#process = process;
    this.#isEnding = false;
    this.#bornAt = performance.now();
    this.lives.push([]);
    // Whoever kills it waits for the same status.
    void process.status.then((code) => {
      if (this.#process !== process || this.#isEnding) return;
      this.watch.died(`${this.name} ended by itself with ${code}\n${process.transcript()}`);
    });
  }

  /** From now on it can be looked at. */
  up(): void {
    this.#isUp = true;
  }

  async kill(): Promise<void> {
    this.end();
    await this.process.kill();
  }

  /** Whatever ends it from now on is right. */
  end(): void {
    this.#isEnding = true;
    this.#isUp = false;
  }

  /** Notes what it has of memory without its garbage. */
  async look(): Promise<void> {
    if (!this.#isUp) return;
    const [process, life, bornAt] = [this.process, this.lives.at(-1), this.#bornAt];
    const mark = process.mark();
    process.signal("SIGUSR2");
    // It may be killed before it answers.
    const line = await process.event("probe.memory", {}, mark).catch(() => null);
    if (line === null) return;
    const ageSecs = (performance.now() - bornAt) / 1_000;
    const { rss, heap_used } = line.fields;
    life?.push({ ageSecs, mib: Number(rss) / MIB, heapMib: Number(heap_used) / MIB });
  }

  /** Its memory when it was last looked at, in MiB. */
  get mib(): number {
    return this.lives.findLast((life) => life.length > 0)?.at(-1)?.mib ?? NaN;
  }
}

/** A client of the fleet: knows from its log which of its rules are open. */
export class FleetClient {
  readonly name: string;
  readonly bundle: string;
  readonly subject: Subject;
  /** When it may have been without the server. */
  readonly control = new Absences();
  readonly rules = new Set<FleetRule>();

  constructor(
    readonly lab: Lab,
    { name, bundle, watch }: {
      readonly name: string;
      readonly bundle: string;
      readonly watch: Watch;
    },
  ) {
    this.name = name;
    this.bundle = bundle;
    this.subject = new Subject(name, watch);
    this.control.leave(performance.now());
  }

  get process(): TestProcess {
    return this.subject.process;
  }

  /** As the server knows it. */
  async id(): Promise<string> {
    const { client_id } = JSON.parse(await Deno.readTextFile(this.bundle)) as { client_id: string };
    return client_id;
  }

  async start(): Promise<void> {
    this.subject.live(this.lab.client({ bundle: this.bundle, args: FAST }));
    for (const rule of this.rules) this.#follow(rule);
    await this.process.event("control.connected");
    this.subject.up();
    this.control.back(performance.now());
  }

  async kill(): Promise<void> {
    const now = performance.now();
    this.control.leave(now);
    for (const rule of this.rules) rule.absences.leave(now);
    await this.subject.kill();
  }

  /** The server is killed with what `kill` does: waits until it is back for this client. */
  async without(kill: () => Promise<unknown>): Promise<void> {
    const mark = this.process.mark();
    this.control.leave(performance.now());
    await kill();
    await this.process.event("control.connected", {}, mark);
    this.control.back(performance.now());
  }

  /** From now on `rule` is one of its rules. */
  add(rule: FleetRule): void {
    this.rules.add(rule);
    rule.absences.leave(0);
    this.#follow(rule);
  }

  /** What its log says of a rule from `mark` on. */
  linesOf(rule: FleetRule, process: TestProcess, mark: number): string[] {
    return process.logs.lines.slice(mark).filter(({ fields }) => fields["rule_id"] === rule.id)
      .slice(0, LINES_MAX).map(({ text }) => text);
  }

  /** Notes when this life of the process has opened the rule. */
  #follow(rule: FleetRule): void {
    const { process } = this;
    // The fleet does not wait for it: what is not open yet is excused, or reported in the end.
    void process.event("rule.activated", { rule_id: rule.id }).then(
      () => {
        if (process === this.process) rule.absences.back(performance.now());
      },
      (error: unknown) => {
        // Killed again, or removed, before it had opened the rule.
        if (process !== this.process || !this.rules.has(rule)) return;
        const [why] = String(error).split("\n");
        this.subject.watch.report(
          `rule ${rule.id} (${rule.kind}) of ${this.name} was not opened: ${why}`,
        );
      },
    );
  }
}
