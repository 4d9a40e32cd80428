import assert from "node:assert/strict";
import type { RateLimit } from "../../src/core/rate_limit.ts";
import type { RuleSpec } from "../../src/core/rule.ts";
import { type ForwarderCounters, noRuleCounters } from "../../src/forward/counters.ts";
import type {
  Closing,
  Forwarder,
  OpenOutcome,
  QuotaState,
  UdpSettings,
} from "../../src/forward/forwarder.ts";
import type { Succession } from "../../src/forward/succession.ts";

/** A data plane that forwards nothing and remembers what it was told. */
export class FakeForwarder implements Forwarder {
  /** `open 1`, `limits 1`, `close 1`, in order. */
  readonly calls: string[] = [];
  succession: Succession | null = null;
  readonly running = new Map<bigint, RuleSpec>();
  /** Reasons that opening these rules fails with. */
  readonly failures = new Map<bigint, string>();
  /** Reasons that changing the caps of these rules fails with. */
  readonly limitFailures = new Map<bigint, string>();
  /** What was set last. */
  readonly ownerLimits = new Map<string, RateLimit | null>();
  readonly quotas = new Map<string, QuotaState | null>();
  udp: UdpSettings | null = null;
  readonly drainMs: number[] = [];
  #drains: PromiseWithResolvers<void> | null = null;
  #releases: PromiseWithResolvers<void> | null = null;

  /** Rules closed from now on drain until {@linkcode drained}. */
  holdDrains(): void {
    this.#drains = Promise.withResolvers();
  }

  drained(): void {
    this.#drains?.resolve();
    this.#drains = null;
  }

  /** The ports of rules closed from now on stay taken until {@linkcode released}. */
  holdReleases(): void {
    this.#releases = Promise.withResolvers();
  }

  released(): void {
    this.#releases?.resolve();
    this.#releases = null;
  }

  open(rule: RuleSpec): Promise<OpenOutcome> {
    assert.ok(!this.running.has(rule.id), `rule ${rule.id} is open already`);
    this.calls.push(`open ${rule.id}`);
    const reason = this.failures.get(rule.id);
    if (reason !== undefined) return Promise.resolve({ ok: false, reason });
    this.running.set(rule.id, rule);
    return Promise.resolve({ ok: true });
  }

  setLimits(ruleId: bigint, limits: RateLimit | null): OpenOutcome {
    const rule = this.running.get(ruleId);
    assert.ok(rule, `rule ${ruleId} is not open`);
    this.calls.push(`limits ${ruleId}`);
    const reason = this.limitFailures.get(ruleId);
    if (reason !== undefined) return { ok: false, reason };
    this.running.set(ruleId, { ...rule, limits });
    return { ok: true };
  }

  setOwnerLimits(ownerId: string, limits: RateLimit | null): void {
    this.calls.push(`owner limits ${ownerId}`);
    this.ownerLimits.set(ownerId, limits);
  }

  setQuota(ownerId: string, quota: QuotaState | null): void {
    this.calls.push(`quota ${ownerId}`);
    this.quotas.set(ownerId, quota);
  }

  quota(ownerId: string): QuotaState | null {
    return this.quotas.get(ownerId) ?? null;
  }

  setUdp(settings: UdpSettings): void {
    this.udp = settings;
  }

  close(ruleId: bigint, drainMs: number): Closing {
    assert.ok(this.running.delete(ruleId), `rule ${ruleId} is not open`);
    this.calls.push(`close ${ruleId}`);
    this.drainMs.push(drainMs);
    return {
      released: this.#releases?.promise ?? Promise.resolve(),
      drained: this.#drains?.promise ?? Promise.resolve(),
    };
  }

  counters(): ForwarderCounters {
    const rules = [...this.running.keys()].map((ruleId) => ({
      ...noRuleCounters(ruleId),
      bytesIn: 2n ** 60n,
      bytesOut: 2n,
      activeConnections: 1,
    }));
    return { rules, sniListeners: [], owners: [] };
  }

  retire(drainMs: number): Closing {
    this.calls.push("retire");
    this.drainMs.push(drainMs);
    return { released: Promise.resolve(), drained: this.#drains?.promise ?? Promise.resolve() };
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
