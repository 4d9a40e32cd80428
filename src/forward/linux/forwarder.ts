/**
 * The Linux engine: bytes move in Workers that speak to the kernel themselves.
 *
 * What a connection needs judgement for (targets and their health, names, PROXY headers, server
 * names, caps, quotas, drains) is decided on the main thread, by the same code as in the portable
 * engine. Waiting and moving bytes is the Workers'.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { RateLimit } from "../../core/rate_limit.ts";
import type { RuleSpec } from "../../core/rule.ts";
import type { ForwarderCounters } from "../counters.ts";
import type { Closing, Forwarder, OpenOutcome, QuotaState, UdpSettings } from "../forwarder.ts";
import { createPortableForwarder } from "../portable/forwarder.ts";
import type { Resolver } from "../resolver.ts";
import { InheritedSockets } from "./inherited_sockets.ts";
import { LinuxNet } from "./linux_net.ts";
import { type Libc, openLibc } from "./native/libc.ts";
import { SharedMeters } from "./shared_meters.ts";
import type { Succession } from "../succession.ts";
import { LinuxSuccession } from "./succession.ts";
import { WorkerTransport } from "./udp_transport.ts";
import { WorkerLink } from "./worker_link.ts";
import { WorkerRelays } from "./worker_relay.ts";

export interface LinuxForwarderOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default the operating system's name service */
  readonly resolver?: Resolver;
  /** How many Workers share the connections. @default 1 */
  readonly workers?: number;
  /** Whether large transfers are spliced. @default true */
  readonly splice?: boolean;
  /** @default the system's */
  readonly libc?: Libc;
  /** Starts a Worker. @default one that runs `linux_worker.ts` */
  readonly spawn?: () => Worker;
}

/**
 * Creates a forwarder that runs no rule yet.
 *
 * @throws the runtime's error when libc can't be opened
 */
export function createLinuxForwarder(
  { clock, logger, resolver, workers = 1, splice = true, libc = openLibc(), spawn }:
    LinuxForwarderOptions,
): Forwarder {
  const meters = new SharedMeters(clock, () => {
    for (const link of links) link.refilled();
  });
  const links = Array.from(
    { length: workers },
    () => new WorkerLink({ libc, logger, clock, splice, meters, ...(spawn && { spawn }) }),
  );
  const relays = new WorkerRelays(links);
  const inherited = new InheritedSockets(libc);
  const udp = new WorkerTransport(libc, { links: links.map((link) => link.udp), inherited });
  const net = new LinuxNet(libc, links, inherited);
  const engine = createPortableForwarder({
    clock,
    logger,
    net,
    udp,
    createRelay: relays.create,
    createMeter: meters.create,
    ...(resolver && { resolver }),
  });
  const succession = new LinuxSuccession({
    context: net.context(),
    sockets: () => [...net.sockets(), ...udp.sockets()],
    inherited,
  });
  return new LinuxForwarder(engine, { relays, udp, meters, links, succession });
}

class LinuxForwarder implements Forwarder {
  readonly #engine: Forwarder;
  readonly #relays: WorkerRelays;
  readonly #udp: WorkerTransport;
  readonly #meters: SharedMeters;
  readonly #links: readonly WorkerLink[];
  readonly succession: Succession;
  #stopping: Promise<void> | null = null;

  constructor(
    engine: Forwarder,
    { relays, udp, meters, links, succession }: {
      readonly relays: WorkerRelays;
      readonly udp: WorkerTransport;
      readonly meters: SharedMeters;
      readonly links: readonly WorkerLink[];
      readonly succession: Succession;
    },
  ) {
    this.#engine = engine;
    this.#relays = relays;
    this.#udp = udp;
    this.#meters = meters;
    this.#links = links;
    this.succession = succession;
  }

  open(rule: RuleSpec): Promise<OpenOutcome> {
    return this.#engine.open(rule);
  }

  setLimits(ruleId: bigint, limits: RateLimit | null): OpenOutcome {
    return this.#engine.setLimits(ruleId, limits);
  }

  setOwnerLimits(ownerId: string, limits: RateLimit | null): void {
    this.#engine.setOwnerLimits(ownerId, limits);
  }

  setQuota(ownerId: string, quota: QuotaState | null): void {
    this.#engine.setQuota(ownerId, quota);
  }

  quota(ownerId: string): QuotaState | null {
    return this.#engine.quota(ownerId);
  }

  setUdp(settings: UdpSettings): void {
    this.#engine.setUdp(settings);
  }

  close(ruleId: bigint, drainMs: number): Closing {
    return this.#engine.close(ruleId, drainMs);
  }

  retire(drainMs: number): Closing {
    return this.#engine.retire(drainMs);
  }

  counters(): ForwarderCounters {
    this.#relays.count();
    this.#udp.count();
    // In this order: what a Worker said before it counted is heard by whoever sees it counted.
    for (const link of this.#links) link.hear();
    return this.#engine.counters();
  }

  async shutdown(drainMs: number): Promise<void> {
    await this.#engine.shutdown(drainMs);
    this.#stopping ??= Promise.all(this.#links.map((link) => link.stop())).then(() => undefined);
    await this.#stopping;
    this.succession.dropUnclaimed();
    this.#meters[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown(0);
  }
}
