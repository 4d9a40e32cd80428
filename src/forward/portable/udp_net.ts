/**
 * UDP sockets as the portable engine sees them. Only this file calls `Deno.listenDatagram`.
 *
 * Deno cannot connect a UDP socket: `DatagramConn` has no such method, and the `connect` of
 * `node:dgram` only remembers the peer. So a socket here takes datagrams from anybody, which its
 * owner has to check, and Linux and macOS tell it of ICMP errors only where sending itself fails
 * (a missing route). Windows tells of a refused datagram at the next `receive`.
 *
 * @module
 */

import { formatSocketAddress, unmapIpv4 } from "../../core/address.ts";
import type { Endpoint } from "./net.ts";

/** Where a datagram comes from or goes to. */
export interface DatagramEndpoint extends Endpoint {
  readonly transport: "udp";
}

/** A datagram: the part of the buffer that it fills, and its sender. */
export type Received = [data: Uint8Array<ArrayBuffer>, from: DatagramEndpoint];

/** A bound UDP socket. Errors carry a `code` that names the errno. */
export interface DatagramSocket extends Disposable {
  readonly addr: Endpoint;
  /** The next datagram, in `buffer`; a longer one than fits is cut. */
  receive(buffer: Uint8Array<ArrayBuffer>): Promise<Received>;
  /** Sends one datagram; `data` must not change before the promise settles. The number of bytes. */
  send(data: Uint8Array<ArrayBuffer>, to: DatagramEndpoint): Promise<number>;
  /** Closes the socket, again and again if need be; a pending `receive` rejects then. */
  [Symbol.dispose](): void;
}

/** What UDP rules need of an operating system. */
export interface DatagramNet {
  /**
   * Binds at once, or throws an error whose `code` names the errno. Sockets that are `shared` may
   * be bound to one port together, if all of them are: the most specific address gets a datagram.
   */
  bind(endpoint: Endpoint, options?: { readonly shared: boolean }): DatagramSocket;
  /** The addresses of this host, IP literals; empty when they can't be told. */
  addresses(): readonly string[];
}

/** Deno's UDP. */
export const denoDatagrams: DatagramNet = {
  bind(endpoint, { shared } = { shared: false }) {
    const options = { ...endpoint, transport: "udp", reuseAddress: shared } as const;
    return new DenoDatagramSocket(Deno.listenDatagram(options));
  },
  addresses() {
    // Elsewhere it is not the most specific address that gets the datagrams of a shared port.
    if (Deno.build.os !== "linux") return [];
    try {
      return Deno.networkInterfaces().map(({ address }) => address);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) return [];
      throw error;
    }
  },
};

class DenoDatagramSocket implements DatagramSocket {
  readonly addr: Endpoint;
  readonly #connection: Deno.DatagramConn;
  #isClosed = false;

  constructor(connection: Deno.DatagramConn) {
    this.#connection = connection;
    this.addr = connection.addr as Deno.NetAddr;
  }

  receive(buffer: Uint8Array<ArrayBuffer>): Promise<Received> {
    // What comes in on a UDP socket has an IP address and a port.
    return this.#connection.receive(buffer) as Promise<Received>;
  }

  send(data: Uint8Array<ArrayBuffer>, to: DatagramEndpoint): Promise<number> {
    return this.#connection.send(data, to);
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }
}

/** The address that datagrams for `hostname`, an IP literal, come back from. */
export function peerAddress(hostname: string): string {
  if (hostname === "0.0.0.0") return "127.0.0.1";
  return hostname === "::" ? "::1" : hostname;
}

/** An address as an operator writes it: an IPv4 peer of an IPv6 socket looks like any other. */
export function endpointText({ hostname, port }: Endpoint): string {
  return formatSocketAddress({ host: unmapIpv4(hostname), port });
}
