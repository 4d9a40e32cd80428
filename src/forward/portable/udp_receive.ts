/**
 * Receiving from a UDP socket until it is closed.
 *
 * @module
 */

import { setImmediate as turn } from "node:timers/promises";
import { FORWARD } from "../../core/limits.ts";
import type { Packet, PacketPool } from "./packet.ts";
import type { DatagramEndpoint, DatagramSocket, Received } from "./udp_net.ts";

/** What is done with what a socket receives. */
export interface Receiver {
  /** Takes a datagram, which is `data` of `packet`; the packet is the receiver's from now on. */
  received(packet: Packet, data: Uint8Array<ArrayBuffer>, from: DatagramEndpoint): void;
  /** A receive failed. Receiving goes on once the promise resolves. */
  receiveFailed(error: unknown): Promise<void>;
  /** Whether nothing is to be received any more. */
  readonly isEnded: boolean;
}

/**
 * Passes on whatever `socket` receives, in order, until the receiver has ended and its socket is
 * closed. A busy socket lets everybody else have their turn after every
 * {@linkcode FORWARD.udpBatchMax} datagrams: while there is something to read, waiting for it
 * gives way to nobody.
 */
export async function receiveAll(
  socket: DatagramSocket,
  packets: PacketPool,
  receiver: Receiver,
): Promise<void> {
  for (let count = 1; !receiver.isEnded; count++) {
    const packet = packets.take();
    let received: Received;
    try {
      received = await socket.receive(packet.bytes);
    } catch (error) {
      packet.giveBack();
      if (!receiver.isEnded) await receiver.receiveFailed(error);
      continue;
    }
    receiver.received(packet, received[0], received[1]);
    if (count % FORWARD.udpBatchMax === 0) await turn();
  }
}
