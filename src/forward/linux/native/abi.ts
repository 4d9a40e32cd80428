/**
 * Numbers of the Linux system call interface that programs see: constants of the C headers, and
 * where fields stand in structures. They are the same with every libc.
 *
 * @module
 */

/** `<sys/socket.h>`, `<netinet/in.h>`, `<netinet/tcp.h>`, `<linux/udp.h>`, unix(7). */
export const SOCKET = {
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_SEQPACKET: 5,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_ERROR: 4,
  SO_PEERCRED: 17,
  SCM_RIGHTS: 1,
  IPPROTO_TCP: 6,
  TCP_NODELAY: 1,
  IPPROTO_IP: 0,
  IP_PKTINFO: 8,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  IPV6_RECVPKTINFO: 49,
  IPV6_PKTINFO: 50,
  SOL_UDP: 17,
  UDP_SEGMENT: 103,
  UDP_GRO: 104,
  SHUT_WR: 1,
  MSG_TRUNC: 0x20,
  MSG_CTRUNC: 0x8,
  MSG_NOSIGNAL: 0x4000,
  MSG_CMSG_CLOEXEC: 0x40000000,
} as const;

/** `<sys/epoll.h>`. */
export const EPOLL = {
  CLOEXEC: 0o2000000,
  CTL_ADD: 1,
  CTL_DEL: 2,
  CTL_MOD: 3,
  IN: 0x001,
  OUT: 0x004,
  ERR: 0x008,
  HUP: 0x010,
  RDHUP: 0x2000,
  EXCLUSIVE: 1 << 28,
  ONESHOT: 1 << 30,
  ET: 1 << 31,
} as const;

/** `<fcntl.h>` and `<sys/eventfd.h>`. */
export const FILE = {
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  F_SETPIPE_SZ: 1031,
  SPLICE_MOVE_NONBLOCK: 3,
} as const;

/**
 * `struct epoll_event` in 32-bit words: the events, and the two halves of `data`. It is packed on
 * x86-64 and nowhere else (epoll_ctl(2)).
 */
export interface EpollEventLayout {
  readonly words: number;
  readonly data: number;
}

/** The layout of `struct epoll_event` on `arch`. */
export function epollEventLayout(arch: typeof Deno.build.arch): EpollEventLayout {
  return arch === "x86_64" ? { words: 3, data: 1 } : { words: 4, data: 2 };
}

/** What libc is called: glibc, and musl where it is the system's. */
export function libcNames(arch: typeof Deno.build.arch): readonly string[] {
  return ["libc.so.6", `libc.musl-${arch}.so.1`];
}
