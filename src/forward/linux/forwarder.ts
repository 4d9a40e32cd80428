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
import { FORWARD } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import type { RateLimit } from "../../core/rate_limit.ts";
import type { RuleSpec } from "../../core/rule.ts";
import type { ForwarderCounters } from "../counters.ts";
import type { Closing, Forwarder, OpenOutcome, QuotaState, UdpSettings } from "../forwarder.ts";
import { createPortableForwarder } from "../portable/forwarder.ts";
import type { Net } from "../portable/net.ts";
import type { Resolver } from "../resolver.ts";
import { LinuxListener } from "./linux_listener.ts";
import { dialLinux } from "./linux_socket.ts";
import { type Libc, openLibc } from "./native/libc.ts";
import { SharedMeters } from "./shared_meters.ts";
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
  const udp = new WorkerTransport(libc, links.map((link) => link.udp));
  const engine = createPortableForwarder({
    clock,
    logger,
    net: linuxNet(libc, links),
    udp,
    createRelay: relays.create,
    createMeter: meters.create,
    ...(resolver && { resolver }),
  });
  return new LinuxForwarder(engine, { relays, udp, meters, links });
}

/** TCP sockets that are accepted by all of `links`, and whose events come from one of them. */
function linuxNet(libc: Libc, links: readonly WorkerLink[]): Net {
  const contexts = links.map((link) => ({ libc, link }));
  let turn = 0;
  const next = () => {
    const context = contexts[turn++ % contexts.length];
    if (context === undefined) throw new RangeError("An engine needs a Worker");
    return context;
  };
  return {
    listen: (endpoint) => new LinuxListener(endpoint, FORWARD.listenBacklog, contexts),
    connect: (endpoint) => dialLinux(endpoint, next()),
    separatesFamilies: true,
  };
}

class LinuxForwarder implements Forwarder {
  readonly #engine: Forwarder;
  readonly #relays: WorkerRelays;
  readonly #udp: WorkerTransport;
  readonly #meters: SharedMeters;
  readonly #links: readonly WorkerLink[];
  #stopping: Promise<void> | null = null;

  constructor(
    engine: Forwarder,
    { relays, udp, meters, links }: {
      readonly relays: WorkerRelays;
      readonly udp: WorkerTransport;
      readonly meters: SharedMeters;
      readonly links: readonly WorkerLink[];
    },
  ) {
    this.#engine = engine;
    this.#relays = relays;
    this.#udp = udp;
    this.#meters = meters;
    this.#links = links;
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
    this.#meters[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown(0);
  }
}
