/**
 * A server, five clients and five hundred rules of every kind under mixed traffic, while rules come
 * and go and processes are killed. In the end every rule has to work, every byte that came back has
 * to have been right, and the counters of what nobody touched have to be exact.
 *
 * @module
 */

import { clientHello } from "../../tests/kit/client_hello.ts";
import { Lab, type ServerHandle } from "../../tests/kit/lab.ts";
import { Operator } from "../../tests/kit/operator.ts";
import { freePort } from "../../tests/kit/ports.ts";
import type { TestProcess } from "../../tests/kit/process.ts";
import { echoTarget } from "../../tests/kit/targets.ts";
import { writeLine } from "../build/console.ts";
import { exchangeTcp, exchangeUdp, type FleetRule } from "./fleet_traffic.ts";
import { slope, vitalsOf } from "./vitals.ts";
import { udpEchoServer } from "./udp_load.ts";

export interface FleetSoakOptions {
  readonly minutes: number;
  readonly random: () => number;
}

const CLIENTS = 5;
const RULES_PER_CLIENT = 100;
const WORKERS = 24;
/** Between two changes of rules, two kills, two looks at memory, in milliseconds. */
const EVERY = { churnMs: 500, killMs: 20_000, lookMs: 10_000 } as const;
/** What the server may gain in an hour by its trend, in MiB, once it has been up for a while. */
const GROWTH_PER_HOUR_MAX_MIB = 60;
/** How often to look until all rules work again, half a second apart. */
const PATIENCE = 120;
const FAST = ["--reconnect-initial-delay-ms", "50", "--reconnect-max-delay-secs", "1"];

/** Runs for `minutes`. @returns what is wrong */
export async function soakFleet(options: FleetSoakOptions): Promise<string[]> {
  await using fleet = await Fleet.open(options.random);
  const until = performance.now() + options.minutes * 60_000;
  const isOver = () => performance.now() >= until;
  await Promise.all([
    ...Array.from({ length: WORKERS }, () => fleet.work(isOver)),
    repeat(EVERY.churnMs, isOver, () => fleet.churn()),
    repeat(EVERY.killMs, isOver, () => fleet.kill()),
    repeat(EVERY.lookMs, isOver, () => fleet.look()),
  ]);
  return await fleet.verdict();
}

async function repeat(ms: number, isOver: () => boolean, fn: () => unknown): Promise<void> {
  while (!isOver()) {
    await pause(ms);
    await fn();
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

class Fleet implements AsyncDisposable {
  readonly #clients: TestProcess[] = [];
  readonly #rules: FleetRule[] = [];
  readonly #memory: (readonly [number, number])[] = [];
  readonly #problems: string[] = [];
  #server: ServerHandle;
  #exchanges = 0;
  #interrupted = 0;
  #churned = 0;
  #kills = 0;

  private constructor(
    readonly lab: Lab,
    server: ServerHandle,
    readonly operator: Operator,
    readonly bundles: readonly string[],
    readonly targets: {
      readonly tcp: number;
      readonly udp: number;
      readonly hello: Uint8Array<ArrayBuffer>;
    },
    readonly random: () => number,
  ) {
    this.#server = server;
  }

  static async open(random: () => number): Promise<Fleet> {
    const lab = await Lab.open();
    const { server, operator } = await lab.operated();
    const names = Array.from({ length: CLIENTS }, (_, i) => nameOf(i));
    const bundles: string[] = [];
    for (const name of names) bundles.push(await operator.enroll(name, lab.path(`${name}.json`)));
    const udp = udpEchoServer();
    lab.use({ [Symbol.asyncDispose]: () => Promise.resolve(udp[Symbol.dispose]()) });
    const targets = {
      tcp: lab.use(echoTarget()).port,
      udp: udp.port,
      hello: await clientHello("soak.example.com"),
    };
    const fleet = new Fleet(lab, server, operator, bundles, targets, random);
    for (let i = 0; i < CLIENTS; i++) await fleet.#start(i);
    for (let n = 0; n < RULES_PER_CLIENT; n++) {
      await Promise.all(names.map((_, i) => fleet.#push(i, n)));
    }
    writeLine(`${fleet.#rules.length} rules on ${CLIENTS} clients`);
    return fleet;
  }

  async #start(i: number): Promise<void> {
    const client = this.lab.client({ bundle: this.bundles[i] ?? "", args: FAST });
    this.#clients[i] = client;
    await client.event("control.connected");
  }

  /** Makes rule `n` of client `i`; kinds take turns. */
  async #push(i: number, n: number): Promise<void> {
    const { tcp, udp } = this.targets;
    const kind = (["tcp", "udp", "several", "capped", "by name"] as const)[n % 5] ?? "tcp";
    const port = freePort();
    const list = [{ host: "127.0.0.1", port: tcp }, { host: "127.0.0.1", port: tcp, priority: 1 }];
    const more = {
      "tcp": { target_host: "127.0.0.1", target_port: tcp },
      "udp": { protocol: "udp", target_host: "127.0.0.1", target_port: udp },
      "several": { targets: [list[0], { ...list[1], host: "localhost" }] },
      "capped": { targets: [list[0]], rate_limit: { bandwidth_in_bps: 50_000_000 } },
      "by name": { targets: [list[0]], sni_pattern: "soak.example.com" },
    }[kind];
    const answer = await this.operator.api("POST", "/v1/rules", {
      client: nameOf(i),
      protocol: "tcp",
      listen_port: port,
      ...more,
    }).catch((error: unknown) => ({ status: 0, body: String(error) }));
    if (answer.status !== 201) {
      // While a process is away there are no changes; anything else is wrong.
      if (this.#kills === 0) this.#problem(`push: ${JSON.stringify(answer.body)}`);
      return;
    }
    const { rule_id: id } = answer.body as { rule_id: number };
    this.#rules.push({ id: String(id), client: i, kind, port, sent: 0, uses: 0 });
  }

  async work(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const rule = this.#rules[Math.floor(this.random() * this.#rules.length)];
      if (rule === undefined) continue;
      const end = rule.kind === "udp"
        ? await exchangeUdp(rule, this.random)
        : await exchangeTcp(rule, { random: this.random, hello: this.targets.hello });
      this.#exchanges += 1;
      if (end === "ok") continue;
      const isExcused = rule.isRemoved === true || this.#isTouched(rule.client);
      if (end === "broken off" && isExcused) this.#interrupted += 1;
      else this.#problem(`rule ${rule.id} (${rule.kind}) of ${rule.client}: ${end}`);
    }
  }

  #problem(text: string): void {
    writeLine(`WRONG  ${text}`);
    this.#problems.push(text);
  }

  /** The last client is never killed and keeps its rules: nothing of it may break off. */
  #isTouched(client: number): boolean {
    return client !== CLIENTS - 1;
  }

  /** Takes a rule away and makes another. */
  async churn(): Promise<void> {
    const candidates = this.#rules.filter((rule) => this.#isTouched(rule.client));
    const rule = candidates[Math.floor(this.random() * candidates.length)];
    if (rule === undefined) return;
    rule.isRemoved = true;
    const { status } = await this.operator.api("DELETE", `/v1/rules/${rule.id}`)
      .catch(() => ({ status: 0 }));
    if (status < 200 || status >= 300) {
      rule.isRemoved = false;
      return;
    }
    this.#rules.splice(this.#rules.indexOf(rule), 1);
    await this.#push(rule.client, this.#churned);
    this.#churned += 1;
  }

  /** Kills a client, or every third time the server, and starts it again. */
  async kill(): Promise<void> {
    this.#kills += 1;
    if (this.#kills % 3 === 0) {
      await this.#server.process.kill();
      this.#server = await this.lab.server();
      this.#memory.length = 0;
      return;
    }
    const i = Math.floor(this.random() * (CLIENTS - 1));
    await this.#clients[i]?.kill();
    await this.#start(i);
  }

  look(): void {
    const { rssMiB } = vitalsOf(this.#server.process.pid);
    this.#memory.push([performance.now() / 3_600_000, rssMiB]);
    writeLine(
      `${this.#exchanges} exchanges, ${this.#interrupted} broken off by kills and removals, ` +
        `${this.#churned} rules replaced, ${this.#kills} kills, server ${rssMiB.toFixed(0)} MiB, ` +
        `${this.#problems.length} problems`,
    );
  }

  async verdict(): Promise<string[]> {
    const stuck = await this.#stuckRules();
    const counters = await this.#counterProblems();
    const points = this.#memory.slice(Math.floor(this.#memory.length / 3));
    const growth = points.length >= 12 ? slope(points) : 0;
    const memory = growth > GROWTH_PER_HOUR_MAX_MIB
      ? [`the server grows by ${growth.toFixed(0)} MiB an hour`]
      : [];
    return [...this.#problems, ...stuck, ...counters, ...memory];
  }

  /** Rules that are not active, once everybody had time. */
  async #stuckRules(): Promise<string[]> {
    let left: string[] = [];
    for (let attempt = 0; attempt < PATIENCE; attempt++) {
      const { body } = await this.operator.api("GET", "/v1/rules");
      const rules = body as readonly { id: number; state: { kind: string } }[];
      left = rules.filter(({ state }) => state.kind !== "active").map(({ id, state }) =>
        `rule ${id} is ${state.kind}`
      );
      if (left.length === 0) return [];
      await pause(500);
    }
    return left;
  }

  /** What was sent through the client that nobody touched, against what the server counted. */
  async #counterProblems(): Promise<string[]> {
    const exact = this.#rules.filter((it) => !this.#isTouched(it.client) && it.kind === "tcp");
    let wrong: string[] = [];
    for (let attempt = 0; attempt < PATIENCE; attempt++) {
      wrong = [];
      for (const rule of exact) {
        const { body } = await this.operator.api("GET", `/v1/rules/${rule.id}/stats`);
        const counted = (body as { bytes_in?: number }).bytes_in ?? 0;
        if (counted !== rule.sent) wrong.push(`rule ${rule.id}: ${counted} of ${rule.sent} bytes`);
      }
      if (wrong.length === 0) break;
      await pause(500);
    }
    const uses = exact.reduce((sum, { uses }) => sum + uses, 0);
    writeLine(`${exact.length} rules with exact counters, ${uses} connections`);
    return wrong;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

const nameOf = (i: number): string => `soak-${i}`;
