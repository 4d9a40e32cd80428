/**
 * UDP sockets of the Linux engine, as the main thread makes them for a Worker.
 *
 * @module
 */

import type { Endpoint } from "../portable/net.ts";
import { SOCKET } from "./native/abi.ts";
import { ERRNO, SystemError } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import { decodeSockaddr, encodeSockaddr, SOCKADDR_BYTES } from "./native/sockaddr.ts";

const { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC } = SOCKET;
const { IPPROTO_IP, IP_PKTINFO, IPPROTO_IPV6, IPV6_V6ONLY, IPV6_RECVPKTINFO } = SOCKET;
const { SOL_UDP, UDP_GRO } = SOCKET;

/** An open, non-blocking descriptor of a UDP socket. */
export class UdpSocket implements Disposable {
  readonly #libc: Libc;
  #fd: number | null;

  /** @param fd belongs to the socket from now on */
  constructor(fd: number, libc: Libc) {
    this.#libc = libc;
    this.#fd = fd;
  }

  /** A socket of the family of `hostname`. @throws {SystemError} when there can't be another one */
  static open(hostname: string, libc: Libc): UdpSocket {
    const family = hostname.includes(":") ? AF_INET6 : AF_INET;
    const fd = libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw new SystemError(libc.errno());
    // Best effort: kernels before 5.0 hand over datagrams one by one.
    libc.setsockopt(fd, SOL_UDP, UDP_GRO, one(), 4);
    return new UdpSocket(fd, libc);
  }

  /** A socket for what comes to `endpoint`, of its own family only, and to which address of it. */
  static bound(endpoint: Endpoint, libc: Libc): UdpSocket {
    const socket = UdpSocket.open(endpoint.hostname, libc);
    try {
      socket.#bind(endpoint);
      return socket;
    } catch (error) {
      socket[Symbol.dispose]();
      throw error;
    }
  }

  get fd(): number {
    if (this.#fd === null) throw new SystemError(ERRNO.EBADF);
    return this.#fd;
  }

  /** @throws {SystemError} */
  get addr(): Endpoint {
    const address = new Uint8Array(128);
    const length = new Int32Array(32).fill(SOCKADDR_BYTES);
    this.#check(this.#libc.getsockname(this.fd, address, length));
    return decodeSockaddr(address);
  }

  /**
   * Sends to `endpoint` only from now on, receives from it only, and hears of ICMP errors. The
   * kernel chooses the port now, so nothing of anybody else has come in before.
   *
   * @throws {SystemError} when there is no way there
   */
  connect(endpoint: Endpoint): void {
    const address = encodeSockaddr(endpoint);
    while (this.#libc.connect(this.fd, address, address.length) !== 0) {
      const errno = this.#libc.errno();
      if (errno !== ERRNO.EINTR) throw new SystemError(errno);
    }
  }

  /** Gives the descriptor away. */
  release(): number {
    const { fd } = this;
    this.#fd = null;
    return fd;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== null) this.#libc.close(this.#fd);
    this.#fd = null;
  }

  #bind(endpoint: Endpoint): void {
    const { fd } = this;
    const isIpv6 = endpoint.hostname.includes(":");
    const options = isIpv6
      ? [[IPPROTO_IPV6, IPV6_V6ONLY], [IPPROTO_IPV6, IPV6_RECVPKTINFO]] as const
      : [[IPPROTO_IP, IP_PKTINFO]] as const;
    for (const [level, name] of options) {
      this.#check(this.#libc.setsockopt(fd, level, name, one(), 4));
    }
    const address = encodeSockaddr(endpoint);
    this.#check(this.#libc.bind(fd, address, address.length));
  }

  #check(result: number): void {
    if (result < 0) throw new SystemError(this.#libc.errno());
  }
}

const one = () => new Int32Array(32).fill(1);
