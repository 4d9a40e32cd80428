/**
 * Listening for datagrams on this thread.
 *
 * @module
 */

import type { PortRange } from "../../core/ports.ts";
import type { Bound } from "./bind.ts";
import { bindDatagrams } from "./udp_bind.ts";
import { UdpListener } from "./udp_listener.ts";
import type { DatagramNet, DatagramSocket } from "./udp_net.ts";
import type { Entrance, UdpTransport } from "./udp_transport.ts";

/** Listening by `net`'s sockets, on this thread. */
export class DatagramTransport implements UdpTransport {
  readonly #net: DatagramNet;

  constructor(net: DatagramNet) {
    this.#net = net;
  }

  bind(range: PortRange): Bound<Entrance> {
    const bound = bindDatagrams(this.#net, range);
    return bound.ok ? { ok: true, listeners: bound.listeners.map(entranceOf) } : bound;
  }
}

/** The entrance that `socket` is. */
export function entranceOf(socket: DatagramSocket): Entrance {
  return {
    addr: socket.addr,
    serve: (options) => new UdpListener({ ...options, socket }),
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
}
