/**
 * Caps and quotas of owners: what the server said of them, and what it no longer says.
 *
 * Like the rules they outlive control sessions, and a replay is applied as a difference.
 *
 * @module
 */

import type { Logger } from "../core/log.ts";
import { hasCaps, type RateLimit } from "../core/rate_limit.ts";
import type { Forwarder, QuotaState } from "../forward/forwarder.ts";

/** The part of the data plane that knows owners. */
export type OwnerLimits = Pick<Forwarder, "setOwnerLimits" | "setQuota" | "quota">;

/** The caps that all rules of an owner share. */
export interface OwnerCaps {
  readonly ownerId: string;
  readonly caps: RateLimit;
}

/** What an owner may still let pass. */
export interface OwnerQuota {
  readonly ownerId: string;
  readonly quota: QuotaState;
}

interface Entry<T> {
  value: T;
  /** Set while a replay runs, until the server has named the owner again. */
  stale: boolean;
  /** Known from an earlier run of this process only. */
  restored: boolean;
}

export class OwnerTable {
  readonly #limits: OwnerLimits;
  readonly #logger: Logger;
  readonly #onChange: () => void;
  readonly #caps = new Map<string, Entry<RateLimit>>();
  readonly #quotas = new Map<string, Entry<QuotaState>>();

  constructor(options: {
    readonly limits: OwnerLimits;
    readonly logger: Logger;
    readonly onChange: () => void;
  }) {
    this.#limits = options.limits;
    this.#logger = options.logger;
    this.#onChange = options.onChange;
  }

  /** Replaces the caps of an owner; `null` lifts them. */
  setCaps(ownerId: string, caps: RateLimit | null): void {
    this.#limits.setOwnerLimits(ownerId, caps);
    if (caps !== null && hasCaps(caps)) this.#caps.set(ownerId, fresh(caps));
    else this.#caps.delete(ownerId);
    this.#onChange();
  }

  /** Replaces what is left of an owner's quota; `null` ends the metering. */
  setQuota(ownerId: string, quota: QuotaState | null): void {
    this.#limits.setQuota(ownerId, quota);
    if (quota !== null) this.#quotas.set(ownerId, fresh(quota));
    else this.#quotas.delete(ownerId);
    this.#onChange();
  }

  /** Sets what an earlier run of this process left behind. */
  restore(caps: readonly OwnerCaps[], quotas: readonly OwnerQuota[]): void {
    for (const { ownerId, caps: value } of caps) {
      this.#limits.setOwnerLimits(ownerId, value);
      this.#caps.set(ownerId, { value, stale: false, restored: true });
    }
    for (const { ownerId, quota: value } of quotas) {
      this.#limits.setQuota(ownerId, value);
      this.#quotas.set(ownerId, { value, stale: false, restored: true });
    }
  }

  /** Takes `bytes` off an owner's quota, which another process let pass. */
  spend(ownerId: string, bytes: bigint): void {
    const left = this.#limits.quota(ownerId);
    if (left === null || bytes <= 0n) return;
    const remainingBytes = left.remainingBytes > bytes ? left.remainingBytes - bytes : 0n;
    this.#limits.setQuota(ownerId, { ...left, remainingBytes });
  }

  get caps(): readonly OwnerCaps[] {
    return [...this.#caps].map(([ownerId, { value: caps }]) => ({ ownerId, caps }));
  }

  /** Quotas with what is left of them now. */
  get quotas(): readonly OwnerQuota[] {
    return [...this.#quotas].map(([ownerId, { value }]) => ({
      ownerId,
      quota: this.#limits.quota(ownerId) ?? value,
    }));
  }

  /** Everything counts as unconfirmed until the replay names it. */
  beginReplay(): void {
    for (const entry of [...this.#caps.values(), ...this.#quotas.values()]) entry.stale = true;
  }

  /**
   * Ends the metering of owners that the replay did not name.
   *
   * A 3.1.0 server looks for quotas by the wrong name and as a rule replays none, so its silence
   * says nothing of a quota it set since this process started. As with a 3.1.0 client, that one
   * stays, and one from before the start does not.
   */
  endQuotas({ isReplayComplete }: { readonly isReplayComplete: boolean }): void {
    for (const [ownerId, { stale, restored }] of this.#quotas) {
      if (!stale || !(isReplayComplete || restored)) continue;
      this.setQuota(ownerId, null);
      this.#logger.info("control.traffic_quota_remove", { user: ownerId, replayed: false });
    }
  }

  /** Lifts the caps of owners that the replay did not name. */
  endCaps(): void {
    for (const [ownerId, { stale }] of this.#caps) {
      if (!stale) continue;
      this.setCaps(ownerId, null);
      this.#logger.info("control.owner_rate_limit_remove", { owner_id: ownerId, replayed: false });
    }
  }
}

const fresh = <T>(value: T): Entry<T> => ({ value, stale: false, restored: false });
