import assert from "node:assert/strict";
import { enroll } from "../../src/edge/enroll.ts";
import type { CommandResult } from "./command.ts";
import type { Lab } from "./lab.ts";
import type { TestProcess } from "./process.ts";

/** Reports after which counters are what they are going to be. */
const REPORTS_MAX = 8;

/** An answer of the operator API. */
export interface Answer {
  readonly status: number;
  /** Parsed JSON, or the text where it is none. */
  readonly body: unknown;
}

/** Somebody with a token, at the command line and at the API. */
export class Operator {
  /** @param http `ip:port` of the operator API */
  constructor(readonly lab: Lab, readonly http: string, readonly token: string) {}

  /** Runs a command that talks to the server. */
  command(args: readonly string[]): Promise<CommandResult> {
    return this.lab.serverCommand([...args, "--http-endpoint", this.http], {
      PORTUNUS_OPERATOR_TOKEN: this.token,
    });
  }

  /** Runs a command that has to succeed, and returns what it printed. */
  async ok(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.command(args);
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Calls the API. */
  async api(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = new Headers({ Authorization: `Bearer ${this.token}` });
    if (body !== undefined) headers.set("Content-Type", "application/json");
    const response = await fetch(`http://${this.http}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    try {
      return { status: response.status, body: JSON.parse(text) };
    } catch {
      return { status: response.status, body: text };
    }
  }

  /** A one-time enrollment URI for a new client. */
  async enrollmentUri(name: string, ttlSecs = 600): Promise<string> {
    const { status, body } = await this.api("POST", "/v1/client-enrollments", {
      name,
      address: "127.0.0.1",
      ttl_secs: ttlSecs,
    });
    assert.equal(status, 201, JSON.stringify(body));
    return (body as { uri: string }).uri;
  }

  /** Enrolls a new client, as the command does; returns the path of its bundle. */
  async enroll(name: string, bundle: string): Promise<string> {
    await enroll(await this.enrollmentUri(name), bundle);
    return bundle;
  }

  /** Pushes a rule that has to become active, as `push-rule` does; returns its id. */
  async push(client: string, listen: number, target: string): Promise<string> {
    const colon = target.lastIndexOf(":");
    const { status, body } = await this.api("POST", "/v1/rules", {
      client,
      listen_port: listen,
      target_host: target.slice(0, colon),
      target_port: Number(target.slice(colon + 1)),
    });
    assert.equal(status, 201, JSON.stringify(body));
    return `${(body as { rule_id: number }).rule_id}`;
  }

  /**
   * Runs `rule-stats` with `args` after each report that reaches `server`, until what it prints
   * matches: a report that was on its way already says how things were a moment ago.
   */
  async counters(server: TestProcess, args: readonly string[], pattern: RegExp): Promise<string> {
    let printed = "";
    for (let report = 0; report < REPORTS_MAX && !pattern.test(printed); report++) {
      await server.event("client.stats_report", {}, server.mark());
      printed = await this.ok(["rule-stats", ...args]);
    }
    assert.match(printed, pattern);
    return printed;
  }

  /** State of a rule, as `GET /v1/rules` has it. */
  async stateOf(ruleId: string): Promise<unknown> {
    const { status, body } = await this.api("GET", `/v1/rules/${ruleId}`);
    assert.equal(status, 200, JSON.stringify(body));
    return (body as { state: unknown }).state;
  }
}
