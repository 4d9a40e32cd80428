import { type Answer, Operator } from "../../tests/kit/operator.ts";
import { writeLine } from "../build/console.ts";
import type { FleetClient } from "./fleet_client.ts";
import { bodyOf, type FleetRule, type FleetTargets, type Kind, newRule } from "./fleet_rules.ts";

/** How often something is tried that the absence of a process excuses, half a second apart. */
const PATIENCE = 240;
/** More than is ever forwarded here. */
const QUOTA_BYTES = 2 ** 50;
/** The user with a quota. */
export const USER = "soak";

/** What `GET /v1/rules` says of a rule. */
export interface ListedRule {
  readonly id: number;
  readonly client_name: string;
  readonly listen_port: number;
  readonly state: { readonly kind: string; readonly reason?: string };
}

/** Makes and removes rules at a server, and through clients, that may be away. */
export class FleetApi {
  /** Who makes the rules of a client, if it is not `operator`. */
  readonly #owners = new Map<string, Operator>();

  constructor(readonly operator: Operator) {}

  /** From now on the rules of `client` are those of a user who has a quota there. */
  async limit(client: FleetClient): Promise<void> {
    const call = async (method: string, path: string, body: unknown) => {
      const answer = await this.operator.api(method, path, body);
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
      return answer.body as Readonly<Record<string, string>>;
    };
    await call("POST", "/v1/users", { user_id: USER, display_name: USER });
    await call("POST", "/v1/grants", {
      user_id: USER,
      client: client.name,
      listen_port_start: 1,
      listen_port_end: 65_535,
      protocols: ["tcp", "udp"],
    });
    const { token = "" } = await call("POST", `/v1/users/${USER}/credentials`, {});
    this.#owners.set(client.name, new Operator(this.operator.lab, this.operator.http, token));
    const quota = `/v1/users/${USER}/quotas/${await client.id()}`;
    await call("PUT", quota, { monthly_bytes: QUOTA_BYTES });
  }

  /** @returns the new rule, or what is wrong */
  async push(
    client: FleetClient,
    { kind, port, targets }: {
      readonly kind: Kind;
      readonly port: number;
      readonly targets: FleetTargets;
    },
  ): Promise<FleetRule | string> {
    const body = { client: client.name, ...bodyOf(kind, port, targets) };
    let isFirst = true;
    return await this.#until(client, `push ${kind} on ${port}`, async () => {
      // It may be there already: the server was killed before it answered. A second one would be
      // made while that is pending, which is in nobody's way.
      const listed = isFirst ? [] : await this.list<ListedRule>("/v1/rules").catch(() => null);
      if (listed === null) return "the server is away";
      isFirst = false;
      const made = listed.find((it) => it.client_name === client.name && it.listen_port === port);
      if (made !== undefined) return newRule(`${made.id}`, kind, port);
      const { status, body: said } = await this.#call("POST", "/v1/rules", {
        body,
        as: this.#owners.get(client.name) ?? this.operator,
      });
      if (status !== 201) return said;
      return newRule(`${(said as { readonly rule_id: number }).rule_id}`, kind, port);
    }, (result): result is FleetRule => isRule(result));
  }

  /** @returns what is wrong, if anything */
  async remove(client: FleetClient, rule: FleetRule): Promise<string | null> {
    const what = `remove rule ${rule.id} of ${client.name}`;
    const result = await this.#until(client, what, async () => {
      const { status, body } = await this.#call("DELETE", `/v1/rules/${rule.id}`);
      return (status >= 200 && status < 300) || status === 404 ? null : body ?? status;
    }, (result): result is null => result === null);
    return result;
  }

  /** What `path` is. @throws {Error} for any other status than 200 */
  async get(path: string): Promise<Readonly<Record<string, unknown>>> {
    return await this.#read(path) as Readonly<Record<string, unknown>>;
  }

  /** The same of a list. @throws {Error} as `get` */
  async list<T = Readonly<Record<string, unknown>>>(path: string): Promise<readonly T[]> {
    return await this.#read(path) as readonly T[];
  }

  async #read(path: string): Promise<unknown> {
    const { status, body } = await this.#call("GET", path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Tries until it is done; a failure while the client was connected all the time is wrong. */
  async #until<T>(
    client: FleetClient,
    what: string,
    attempt: () => Promise<unknown>,
    isDone: (result: unknown) => result is T,
  ): Promise<T | string> {
    let result: unknown;
    for (let i = 0; i < PATIENCE; i++) {
      const from = performance.now();
      result = await attempt();
      if (isDone(result)) return result;
      if (!client.control.overlap(from, performance.now())) break;
      writeLine(`${what} of ${client.name}, tried again: ${JSON.stringify(result)}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    return `${what}: ${JSON.stringify(result)}`;
  }

  #call(
    method: string,
    path: string,
    { body, as = this.operator }: { readonly body?: unknown; readonly as?: Operator } = {},
  ): Promise<Answer> {
    return as.api(method, path, body)
      .catch((error: unknown) => ({ status: 0, body: String(error) }));
  }
}

const isRule = (value: unknown): value is FleetRule =>
  typeof value === "object" && value !== null && "absences" in value;
