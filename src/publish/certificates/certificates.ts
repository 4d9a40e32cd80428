/**
 * The certificates of the hosts: in memory, on disk, issued when they are needed and renewed before
 * they end.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { PortunusError } from "../../core/errors.ts";
import { CERTIFICATES } from "../../core/publish_limits.ts";
import type { Logger } from "../../core/log.ts";
import { type Random, randomInteger } from "../../system/random.ts";
import type { CertificateMetrics } from "../../telemetry/certificate_metrics.ts";
import type { CertificateAuthority, CertificateStatus, HostCertificate } from "./certificate.ts";
import { Failures } from "./failures.ts";
import { type CheckedPair, checkPair, type PemPair } from "./pair.ts";
import type { CertificateStore } from "./store.ts";
import { renewalAt, sufficesUntil } from "./validity.ts";

export interface CertificatesOptions {
  readonly store: CertificateStore;
  /** Gets a new certificate. */
  readonly issue: (host: string, signal: AbortSignal) => Promise<PemPair>;
  readonly metrics: CertificateMetrics;
  /** Whether a host still leads somewhere: nothing is renewed for one that does not. */
  readonly isPublished: (host: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Kept extends CheckedPair, HostCertificate {}

export class Certificates implements CertificateAuthority, AsyncDisposable {
  readonly #options: CertificatesOptions;
  readonly #own = new Map<string, Kept>();
  /** The operator's, by the domain whose names they are good for. */
  readonly #wildcards = new Map<string, Kept>();
  /** Hosts that have to have one. */
  readonly #wanted = new Set<string>();
  readonly #failures: Failures;
  readonly #issuing = new Map<string, Promise<void>>();
  readonly #listeners = new Set<(host: string) => void>();
  readonly #stop = new AbortController();
  #version = 0;
  #nextCheck = 0;
  #timer: Disposable | null = null;
  #checking: Promise<void> | null = null;

  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#failures = new Failures(options);
  }

  /**
   * Loads what there is. Nothing is issued before {@linkcode start}, or when asked for.
   *
   * @throws {Error} when the directory cannot be read or made
   */
  async load(): Promise<void> {
    for (const [host, pair] of await this.#options.store.load()) this.#keep(host, pair);
    await this.reload();
  }

  /** Renews from now on, until disposed of. */
  start(): void {
    this.#startCheck();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the server stops"));
    this.#timer?.[Symbol.dispose]();
    await Promise.allSettled([this.#checking, ...this.#issuing.values()]);
  }

  get(host: string): HostCertificate | undefined {
    return this.#usable(host);
  }

  onChange(listener: (host: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Hosts that have a certificate or want one, and the operator's wildcards, by name. */
  hosts(): readonly string[] {
    const wildcards = [...this.#wildcards.keys()].map((domain) => `*.${domain}`);
    return [...new Set([...this.#own.keys(), ...this.#wanted, ...wildcards])].toSorted();
  }

  status(host: string): CertificateStatus {
    const usable = this.#usable(host);
    const kept = usable ?? this.#own.get(host);
    const failure = this.#failures.get(host);
    const source = kept === undefined ? null : this.#own.get(host) === kept ? "acme" : "operator";
    return {
      status: usable !== undefined
        ? "valid"
        : this.#issuing.has(host)
        ? "pending"
        : kept !== undefined
        ? "expired"
        : failure !== undefined
        ? "failed"
        : "none",
      source,
      not_after: kept === undefined ? null : instant(kept.notAfter),
      last_error: failure?.message ?? null,
      next_attempt: failure === undefined ? null : instant(this.#failures.nextAttempt(host)),
    };
  }

  /** From now on `host` has to have a certificate; the next check sees to it. */
  want(host: string): void {
    this.#wanted.add(host);
    this.#arm();
  }

  release(host: string): void {
    this.#wanted.delete(host);
  }

  async ensure(host: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#wanted.add(host);
    const usable = this.#usable(host);
    if (usable !== undefined && this.#now() < sufficesUntil(usable)) return;
    const failure = this.#failures.get(host);
    if (failure !== undefined && this.#now() < failure.heldUntil) {
      const until = `it asks to wait until ${instant(failure.heldUntil)}`;
      throw new PortunusError("certificate_failed", `${failure.message}; ${until}`);
    }
    try {
      await untilAborted(this.#issue(host), signal);
    } catch (cause) {
      if (signal.aborted) throw cause;
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new PortunusError("certificate_failed", text, { cause });
    } finally {
      this.#arm();
    }
  }

  /** Reads the operator's certificates anew. @throws {Error} when their folder cannot be read */
  async reload(): Promise<void> {
    const found = await this.#options.store.loadWildcards();
    for (const domain of new Set([...this.#wildcards.keys(), ...found.keys()])) {
      const pair = found.get(domain);
      if (pair?.certPem === this.#wildcards.get(domain)?.certPem) continue;
      if (pair === undefined) {
        this.#wildcards.delete(domain);
        this.#options.metrics.remove(`*.${domain}`);
      } else {
        this.#wildcards.set(domain, { ...pair, version: ++this.#version });
        this.#options.metrics.setExpiry(`*.${domain}`, pair.notAfter);
      }
      this.#changedBelow(domain);
    }
  }

  #now(): number {
    return this.#options.clock.now();
  }

  /** The operator's wildcard goes before a certificate of the host's own. */
  #usable(host: string): Kept | undefined {
    const wildcard = this.#wildcards.get(host.slice(host.indexOf(".") + 1));
    return [wildcard, this.#own.get(host)].find((it) =>
      it !== undefined && this.#now() < it.notAfter
    );
  }

  #keep(host: string, pair: CheckedPair): void {
    this.#own.set(host, { ...pair, version: ++this.#version });
    this.#options.metrics.setExpiry(host, pair.notAfter);
    this.#changed(host);
  }

  /** One issuance at a time for each host; who comes while it runs waits for it. */
  #issue(host: string): Promise<void> {
    const running = this.#issuing.get(host);
    if (running !== undefined) return running;
    const issuing = this.#issueNow(host).finally(() => this.#issuing.delete(host));
    this.#issuing.set(host, issuing);
    return issuing;
  }

  async #issueNow(host: string): Promise<void> {
    const { store, issue, metrics, logger } = this.#options;
    try {
      const pair = checkPair(await issue(host, this.#stop.signal));
      if (!pair.names.includes(host)) throw new Error("the new certificate is for another host");
      await store.save(host, pair);
      this.#failures.clear(host);
      this.#keep(host, pair);
      logger.info("publish.certificate_issued", { host, not_after: `${instant(pair.notAfter)}` });
    } catch (error) {
      if (this.#stop.signal.aborted) throw error;
      const { message, count } = this.#failures.add(host, error);
      metrics.failed(host);
      const next = `${instant(this.#failures.nextAttempt(host))}`;
      logger.warn("publish.certificate_failed", {
        host,
        error: message,
        count,
        next_attempt: next,
      });
      throw error;
    }
  }

  #startCheck(): void {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
      this.#arm();
    });
  }

  async #check(): Promise<void> {
    const jitterMs = randomInteger(this.#options.random, CERTIFICATES.checkJitterMs);
    this.#nextCheck = this.#now() + CERTIFICATES.checkIntervalMs - jitterMs;
    for (const step of [() => this.reload(), () => this.#renew(), () => this.#removeUnneeded()]) {
      try {
        await step();
      } catch (error) {
        // What cannot be read or removed must not keep others from being renewed.
        this.#options.logger.error("publish.certificate_check_failed", { error: String(error) });
      }
    }
  }

  /** Issues what is due, one after the other. */
  async #renew(): Promise<void> {
    for (const host of [...this.#wanted]) {
      if (this.#stop.signal.aborted) return;
      if (!this.#options.isPublished(host)) {
        this.#wanted.delete(host);
        continue;
      }
      // A failure was noted, with the time of the next attempt.
      if (this.#dueAt(host) <= this.#now()) await this.#issue(host).catch(() => undefined);
    }
  }

  /** When a certificate for `host` is to be issued by itself. */
  #dueAt(host: string): number {
    const usable = this.#usable(host);
    const wanted = usable === undefined ? 0 : renewalAt(usable);
    return Math.max(wanted, this.#failures.nextAttempt(host));
  }

  /** Certificates outlive their hosts until they end, for a host that is published again. */
  async #removeUnneeded(): Promise<void> {
    for (const [host, { notAfter }] of this.#own) {
      if (this.#wanted.has(host) || this.#now() < notAfter) continue;
      await this.#options.store.remove(host);
      this.#own.delete(host);
      this.#options.metrics.remove(host);
      this.#changed(host);
    }
    for (const host of this.#failures.clearExcept(this.#wanted)) {
      if (!this.#own.has(host)) this.#options.metrics.remove(host);
    }
  }

  /** Sets the timer for what comes first: the next check, a renewal, or another attempt. */
  #arm(): void {
    if (this.#stop.signal.aborted || this.#nextCheck === 0 || this.#checking !== null) return;
    this.#timer?.[Symbol.dispose]();
    const due = [...this.#wanted].map((host) => this.#dueAt(host));
    const delayMs = Math.max(Math.min(this.#nextCheck, ...due) - this.#now(), MIN_DELAY_MS);
    this.#timer = this.#options.clock.timer(delayMs, () => this.#startCheck());
  }

  #changedBelow(domain: string): void {
    for (const host of this.#wanted) {
      if (host.endsWith(`.${domain}`)) this.#changed(host);
    }
  }

  #changed(host: string): void {
    for (const listener of this.#listeners) listener(host);
  }
}

/** A clock that jumps may make something due at once, again and again. */
const MIN_DELAY_MS = 1_000;

const instant = (ms: number) => Temporal.Instant.fromEpochMilliseconds(Math.round(ms));

/** Leaves `work` alone when `signal` is aborted: others may wait for it, too. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
