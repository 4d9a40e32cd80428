/**
 * A server, five clients and five hundred rules of every kind under mixed traffic, while rules come
 * and go and processes are killed. In the end every rule has to work, every byte that came back has
 * to have been right, and the counters of what nobody touched have to be exact.
 *
 * Only what was touched may break: an exchange is excused if its rule was being removed, or its
 * client's process was dead or had not opened the rule yet, while it lasted. The server is killed in
 * the first half only, so that its memory is judged in the second.
 *
 * @module
 */

import { clientHello } from "../../tests/kit/client_hello.ts";
import { Lab, type ServerHandle } from "../../tests/kit/lab.ts";
import { Operator } from "../../tests/kit/operator.ts";
import { freeRange } from "../../tests/kit/ports.ts";
import { sourcePrograms } from "../../tests/kit/programs.ts";
import { adjacentTargets, echoTarget } from "../../tests/kit/targets.ts";
import { writeLine } from "../build/console.ts";
import { FleetApi } from "./fleet_api.ts";
import { FleetClient, Subject, type Watch } from "./fleet_client.ts";
import { type FleetRule, type FleetTargets, KINDS, portsOf, SERVER_NAME } from "./fleet_rules.ts";
import { exchange, type TrafficOptions } from "./fleet_traffic.ts";
import { verdict } from "./fleet_verdict.ts";
import { udpEchoServer } from "./udp_load.ts";
import { vitalsOf } from "./vitals.ts";

export interface FleetSoakOptions {
  readonly minutes: number;
  readonly random: () => number;
}

const CLIENTS = 5;
const RULES_PER_CLIENT = 100;
const WORKERS = 24;
/** Between two exchanges of a worker on average: the machine is not the subject. */
const PAUSE_MS = 80;
/** Between two changes of rules, two kills, two looks at memory, in milliseconds. */
const EVERY = { churnMs: 500, killMs: 20_000, lookMs: 10_000, tellMs: 30_000 } as const;

/** Runs for `minutes`. @returns what is wrong */
export async function soakFleet({ minutes, random }: FleetSoakOptions): Promise<string[]> {
  await using fleet = await Fleet.open(random);
  const started = performance.now();
  const isOver = () => fleet.isBroken || performance.now() >= started + minutes * 60_000;
  const isFirstHalf = () => performance.now() < started + minutes * 30_000;
  await Promise.all([
    ...Array.from({ length: WORKERS }, () => fleet.work(isOver)),
    repeat(EVERY.churnMs, isOver, () => fleet.churn()),
    repeat(EVERY.killMs, isOver, () => fleet.kill(isFirstHalf())),
    repeat(EVERY.lookMs, isOver, () => fleet.look()),
    repeat(EVERY.tellMs, isOver, () => fleet.tell()),
  ]);
  fleet.tell();
  return fleet.isBroken ? fleet.problems : await verdict(fleet);
}

async function repeat(ms: number, isOver: () => boolean, fn: () => unknown): Promise<void> {
  while (!isOver()) {
    await pause(ms);
    await fn();
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export class Fleet implements Watch, AsyncDisposable {
  readonly problems: string[] = [];
  readonly clients: FleetClient[] = [];
  /** A process ended by itself: there is nothing more to learn. */
  isBroken = false;
  readonly server = new Subject("server", this);
  /** Of the processes that live as long as the fleet, before any traffic. */
  readonly descriptors = new Map<string, number>();
  #exchanges = 0;
  #excused = 0;
  #churned = 0;
  #kills = 0;
  #serverKills = 0;

  private constructor(
    readonly lab: Lab,
    readonly api: FleetApi,
    readonly targets: FleetTargets,
    readonly traffic: TrafficOptions,
  ) {}

  static async open(random: () => number): Promise<Fleet> {
    const probe = new URL("./heap_probe.ts", import.meta.url).href;
    const lab = await Lab.open(sourcePrograms({ preload: probe, v8Flags: ["--expose-gc"] }));
    const { server, operator } = await lab.operated({ config: { udp_flow_idle_secs: 30 } });
    const udp = udpEchoServer();
    lab.use({ [Symbol.asyncDispose]: () => Promise.resolve(udp[Symbol.dispose]()) });
    const targets = {
      tcp: lab.use(echoTarget()).port,
      pair: lab.use(adjacentTargets()).port,
      udp: udp.port,
      // Whatever is free now may be a rule's own later, which would then forward to itself.
      refusing: 1,
    };
    const hello = await clientHello(SERVER_NAME);
    const fleet = new Fleet(lab, new FleetApi(operator), targets, { random, hello });
    await fleet.#fill(server, operator);
    return fleet;
  }

  async #fill(server: ServerHandle, operator: Operator): Promise<void> {
    this.server.live(server.process);
    this.server.up();
    for (let i = 0; i < CLIENTS; i++) {
      const name = `soak-${i}`;
      const bundle = await operator.enroll(name, this.lab.path(`${name}.json`));
      const client = new FleetClient(this.lab, { name, bundle, watch: this });
      this.clients.push(client);
      await client.start();
    }
    await this.api.limit(this.untouched);
    for (let n = 0; n < RULES_PER_CLIENT; n++) {
      const kind = KINDS[n % KINDS.length] ?? "tcp";
      await Promise.all(this.clients.map((client) => this.#push(client, kind)));
    }
    for (const { name, process } of [this.server, ...this.clients]) {
      this.descriptors.set(name, vitalsOf(process.pid).descriptors);
    }
    writeLine(`${this.rules.length} rules on ${CLIENTS} clients`);
  }

  get rules(): FleetRule[] {
    return this.clients.flatMap(({ rules }) => [...rules]);
  }

  get subjects(): Subject[] {
    return [this.server, ...this.clients.map(({ subject }) => subject)];
  }

  /** Nothing of it is ever touched. */
  get untouched(): FleetClient {
    return this.#client(CLIENTS - 1);
  }

  /** Its rules come and go, but its process lives as long as the fleet. */
  get churnedOnly(): FleetClient {
    return this.#client(CLIENTS - 2);
  }

  #client(i: number): FleetClient {
    const client = this.clients[i];
    if (client === undefined) throw new RangeError(`No client ${i}`);
    return client;
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.traffic.random() * list.length)];
  }

  /** Ports that no rule has: `freeRange` knows nothing of UDP. */
  #freePorts(count: number): number {
    const taken = new Set(this.rules.flatMap(({ ports }) => ports));
    for (;;) {
      const start = freeRange(count);
      if (Array.from({ length: count }, (_, i) => start + i).every((it) => !taken.has(it))) {
        return start;
      }
    }
  }

  async #push(client: FleetClient, kind: FleetRule["kind"]): Promise<void> {
    const port = this.#freePorts(portsOf(kind));
    const answer = await this.api.push(client, { kind, port, targets: this.targets });
    if (typeof answer === "string") this.report(answer);
    else client.add(answer);
  }

  async work(isOver: () => boolean): Promise<void> {
    const { random } = this.traffic;
    while (!isOver()) {
      await pause(2 * PAUSE_MS * random());
      const client = this.#pick(this.clients);
      const rule = this.#pick([...client?.rules ?? []]);
      if (client === undefined || rule === undefined) continue;
      const { process } = client;
      const mark = process.mark();
      const from = performance.now();
      const { kind, why } = await exchange(rule, this.traffic);
      const to = performance.now();
      this.#exchanges += 1;
      if (kind === "ok") continue;
      if (kind !== "mismatch" && rule.absences.overlap(from, to)) {
        this.#excused += 1;
        continue;
      }
      const what = `rule ${rule.id} (${rule.kind}) of ${client.name} after ${
        Math.round(to - from)
      } ms`;
      this.report(
        [`${what}: ${kind}: ${why}`, ...client.linesOf(rule, process, mark)].join("\n  "),
      );
    }
  }

  died(problem: string): void {
    this.isBroken = true;
    this.report(problem);
  }

  report(problem: string): void {
    writeLine(`WRONG  ${new Date().toISOString()} ${problem}`);
    this.problems.push(problem);
  }

  /** Takes a rule away and makes another of its kind. */
  async churn(): Promise<void> {
    const client = this.#pick(this.clients.filter((it) => it !== this.untouched));
    const rule = this.#pick([...client?.rules ?? []]);
    if (client === undefined || rule === undefined) return;
    rule.absences.leave(performance.now());
    client.rules.delete(rule);
    const problem = await this.api.remove(client, rule);
    if (problem !== null) this.report(problem);
    await this.#push(client, rule.kind);
    this.#churned += 1;
  }

  /** Kills a client, or the first and every third time the server, if it `mayBeServer`, and starts it again. */
  async kill(mayBeServer: boolean): Promise<void> {
    this.#kills += 1;
    if (mayBeServer && this.#kills % 3 === 1) {
      this.#serverKills += 1;
      const back = this.#restartServer();
      await Promise.all(this.clients.map((client) => client.without(() => back)));
      return;
    }
    const client = this.#pick(this.clients.slice(0, -2));
    await client?.kill();
    await client?.start();
  }

  async #restartServer(): Promise<void> {
    await this.server.kill();
    const { process } = await this.lab.server();
    this.server.live(process);
    this.server.up();
  }

  async look(): Promise<void> {
    await Promise.all(this.subjects.map((subject) => subject.look()));
  }

  tell(): void {
    writeLine(
      `${this.#exchanges} exchanges, ${this.#excused} broken off by kills and removals, ` +
        `${this.#churned} rules replaced, ${this.#kills} kills (${this.#serverKills} of the ` +
        `server), server ${this.server.mib.toFixed(0)} MiB, ${this.problems.length} problems`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subject of this.subjects) subject.end();
    await this.lab[Symbol.asyncDispose]();
  }
}
