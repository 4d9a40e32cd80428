/**
 * Standalone mode at work: one file, its rules, and what there is to tell about them.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { RuleCounters } from "../forward/counters.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import type { StandaloneConfig } from "./config.ts";
import { ConfigError } from "../rulefile/problems.ts";
import type { ProcessFacts } from "./process_facts.ts";
import { label, type RuleFailure, RuleSet } from "./rule_set.ts";
import { type Hello, helloOf, type Snapshot, snapshotRules } from "./stats_messages.ts";

export interface ServiceOptions {
  readonly config: StandaloneConfig;
  readonly forwarder: Forwarder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads the file again. @throws {ConfigError} or what the file system says */
  readonly load: () => Promise<StandaloneConfig>;
  /** Told of every file that was taken over. */
  readonly configured: (config: StandaloneConfig) => void;
  readonly facts: () => ProcessFacts;
}

/** Runs the rules of a file and takes over new ones. */
export class StandaloneService {
  readonly #options: ServiceOptions;
  readonly #rules: RuleSet;
  readonly #startedAt: { readonly wall: number; readonly monotonic: number };
  #config: StandaloneConfig;
  #hello: Hello;
  /** The end of the reload that was asked for last. */
  #reloading: Promise<void> = Promise.resolve();
  #isWaiting = false;

  constructor(options: ServiceOptions) {
    const { config, forwarder, logger, clock } = options;
    this.#options = options;
    this.#config = config;
    this.#rules = new RuleSet({ forwarder, logger });
    this.#startedAt = { wall: clock.now(), monotonic: clock.monotonic() };
    this.#hello = this.#describe();
  }

  get config(): StandaloneConfig {
    return this.#config;
  }

  get hello(): Hello {
    return this.#hello;
  }

  /** Opens every rule; those that could not be are the result. */
  async start(): Promise<readonly RuleFailure[]> {
    const { failures } = await this.#rules.apply(this.#config.rules, 0);
    this.#hello = this.#describe();
    for (const failure of failures) this.#logFailure(failure);
    return failures;
  }

  /**
   * Reads the file again and takes over what is different; never rejects. A file that cannot be
   * used changes nothing. Calls while one waits are one call.
   */
  reload(): Promise<void> {
    if (this.#isWaiting) return this.#reloading;
    this.#isWaiting = true;
    this.#reloading = this.#reloading.then(() => {
      this.#isWaiting = false;
      return this.#reload();
    });
    return this.#reloading;
  }

  snapshot(): Omit<Snapshot, "seq"> {
    const { clock, forwarder, facts } = this.#options;
    return {
      t_ms: clock.now(),
      uptime_ms: Math.floor(clock.monotonic() - this.#startedAt.monotonic),
      process: facts(),
      r: snapshotRules(this.#rules.rules, forwarder.counters().rules),
    };
  }

  /** A log line with the counters of every rule. */
  logStats(): void {
    const { forwarder, logger } = this.#options;
    const counters = new Map(forwarder.counters().rules.map((row) => [row.ruleId, row]));
    for (const { name, spec } of this.#rules.rules) {
      const row = counters.get(spec.id);
      if (row === undefined) continue;
      logger.info("standalone.stats", { rule: String(spec.id), rule_name: name, ...traffic(row) });
    }
  }

  async #reload(): Promise<void> {
    const { logger, load, configured } = this.#options;
    try {
      const config = await load();
      configured(config);
      const { failures, ...counts } = await this.#rules.apply(config.rules, config.drainMs);
      const waits = JSON.stringify(config.stats) !== JSON.stringify(this.#config.stats);
      this.#config = config;
      this.#hello = this.#describe();
      for (const failure of failures) this.#logFailure(failure);
      logger.info("config.reloaded", {
        ...counts,
        failed: failures.length,
        restart_needed: waits ? "[stats]" : undefined,
      });
    } catch (error) {
      const reason = error instanceof ConfigError
        ? error.message.replaceAll("\n", "; ")
        : String(error);
      logger.error("config.reload_failed", { error: reason });
    }
  }

  #describe(): Hello {
    return helloOf({
      rules: this.#rules.rules,
      startedAtMs: this.#startedAt.wall,
      refreshMs: this.#options.config.stats.refreshMs,
    });
  }

  #logFailure({ rule, reason }: RuleFailure): void {
    this.#options.logger.error("rule.failed", { ...label(rule.name, rule.spec.id), reason });
  }
}

function traffic(row: RuleCounters) {
  return {
    in_bytes: row.bytesIn,
    out_bytes: row.bytesOut,
    active_conns: row.activeConnections,
    datagrams_in: row.datagramsIn,
    datagrams_out: row.datagramsOut,
    active_flows: row.activeFlows,
  };
}
