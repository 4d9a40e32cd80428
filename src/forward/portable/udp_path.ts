/**
 * One direction of a flow.
 *
 * @module
 */

import { FORWARD } from "../../core/limits.ts";
import type { DatagramPath, Packet } from "./packet.ts";
import type { DatagramEndpoint, DatagramSocket } from "./udp_net.ts";

/** What happens to the datagrams of a direction. */
export interface PathEvents {
  /** A datagram of `bytes` was taken by the system. */
  sent(bytes: number): void;
  failed(error: unknown): void;
}

/** Sends datagrams from one socket to one address. Only so many wait for the system at a time. */
export class UdpPath implements DatagramPath {
  readonly socket: DatagramSocket;
  readonly to: DatagramEndpoint;
  readonly #events: PathEvents;
  #inFlight = 0;

  constructor(socket: DatagramSocket, to: DatagramEndpoint, events: PathEvents) {
    this.socket = socket;
    this.to = to;
    this.#events = events;
  }

  /** Sends `data`, a part of `packet`, which is gone then; `false` when the system is behind. */
  send(packet: Packet, data: Uint8Array<ArrayBuffer>): boolean {
    if (this.#inFlight >= FORWARD.udpInFlightMax) return false;
    this.#inFlight += 1;
    packet.send(data, this);
    return true;
  }

  sent(bytes: number): void {
    this.#inFlight -= 1;
    this.#events.sent(bytes);
  }

  sendFailed(error: unknown): void {
    this.#inFlight -= 1;
    this.#events.failed(error);
  }
}
