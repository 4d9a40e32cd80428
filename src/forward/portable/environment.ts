import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { Meter } from "../policy/meter.ts";
import type { Owners } from "../policy/owners.ts";
import type { Resolver } from "../resolver.ts";
import type { CopyMemory } from "./buffer_pool.ts";
import type { Net } from "./net.ts";
import type { PacketPool } from "./packet.ts";
import type { Relaying, RelayOptions } from "./relay.ts";
import type { DatagramNet } from "./udp_net.ts";

/** What all rules of an engine share. */
export interface Environment {
  readonly net: Net;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly resolver: Resolver;
  readonly memory: CopyMemory;
  /** Makes what the caps of a rule or an owner, and its quota, are kept in. */
  readonly createMeter: () => Meter;
  /** Makes what moves the bytes of a connection. @default a `Relay` of this thread */
  readonly createRelay?: (options: RelayOptions) => Relaying;
}

/** What all UDP rules of an engine share. */
export interface UdpEnvironment extends Environment {
  /** What flows send with that this thread moves. */
  readonly datagrams: DatagramNet;
  readonly packets: PacketPool;
  readonly owners: Owners;
}
