/**
 * Memory for datagrams. A receive that waits needs room for the largest datagram all along, one
 * for each flow, and hardly ever uses it: so buffers are cut from large allocations, of which the
 * system provides a page only when it is written to.
 *
 * @module
 */

import { FORWARD } from "../../core/limits.ts";
import type { DatagramEndpoint, DatagramSocket } from "./udp_net.ts";

/** Where datagrams are sent, and who is told what became of each. */
export interface DatagramPath {
  readonly socket: DatagramSocket;
  readonly to: DatagramEndpoint;
  sent(bytes: number): void;
  sendFailed(error: unknown): void;
}

/** Buffers from one allocation. */
interface Slab {
  readonly free: Packet[];
}

/**
 * Room for one datagram. Whoever takes one from the pool gives it back, or sends it, once.
 *
 * It holds what its sending needs, so that sending allocates nothing of its own.
 */
export class Packet {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly slab: Slab;
  readonly #pool: PacketPool;
  #path: DatagramPath | null = null;

  constructor(pool: PacketPool, slab: Slab, bytes: Uint8Array<ArrayBuffer>) {
    this.#pool = pool;
    this.slab = slab;
    this.bytes = bytes;
  }

  /** Sends `data`, a part of the packet; then gives the packet back and tells `path`. */
  send(data: Uint8Array<ArrayBuffer>, path: DatagramPath): void {
    this.#path = path;
    void path.socket.send(data, path.to).then(this.#onSent, this.#onFailed);
  }

  giveBack(): void {
    this.#pool.giveBack(this);
  }

  readonly #onSent = (bytes: number): void => this.#settle()?.sent(bytes);

  readonly #onFailed = (error: unknown): void => this.#settle()?.sendFailed(error);

  #settle(): DatagramPath | null {
    const path = this.#path;
    this.#path = null;
    this.giveBack();
    return path;
  }
}

/** The packets of an engine. */
export class PacketPool {
  /** Slabs with a packet to give. */
  readonly #available = new Set<Slab>();
  #lent = 0;

  /** Packets out at the moment. */
  get lent(): number {
    return this.#lent;
  }

  /** A packet with arbitrary content. */
  take(): Packet {
    this.#lent += 1;
    for (const slab of this.#available) {
      const packet = slab.free.pop();
      if (slab.free.length === 0) this.#available.delete(slab);
      if (packet !== undefined) return packet;
    }
    return this.#grow();
  }

  /** Takes back what `take` gave. A slab that nobody uses is let go unless it is the only one. */
  giveBack(packet: Packet): void {
    this.#lent -= 1;
    const { slab } = packet;
    slab.free.push(packet);
    this.#available.add(slab);
    const isUnused = slab.free.length === FORWARD.udpSlabPackets;
    if (isUnused && this.#available.size > 1) this.#available.delete(slab);
  }

  #grow(): Packet {
    const size = FORWARD.udpPacketBytes;
    const memory = new Uint8Array(FORWARD.udpSlabPackets * size);
    const slab: Slab = { free: [] };
    for (let start = size; start < memory.length; start += size) {
      slab.free.push(new Packet(this, slab, memory.subarray(start, start + size)));
    }
    this.#available.add(slab);
    return new Packet(this, slab, memory.subarray(0, size));
  }
}
