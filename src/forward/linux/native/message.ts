/**
 * Where fields stand in the structures of recvmmsg(2) and sendmmsg(2), in 32-bit words. They are the
 * same on x86-64 and aarch64, with glibc and musl: both machines are little-endian with 64-bit
 * pointers and lengths, and align them to 8 bytes.
 *
 * @module
 */

/** `struct mmsghdr`: a `struct msghdr`, and the length of the message. */
export const MMSGHDR = {
  words: 16,
  /** Pointer to `struct sockaddr`, and its length. */
  name: 0,
  nameLength: 2,
  /** Pointer to `struct iovec`, and how many there are. */
  iovecs: 4,
  iovecCount: 6,
  /** Pointer to `struct cmsghdr`, and the length of all of them. */
  control: 8,
  controlLength: 10,
  flags: 12,
  /** What was received or sent. */
  length: 14,
} as const;

/** `struct iovec`. */
export const IOVEC = { words: 4, base: 0, length: 2 } as const;

/** `struct cmsghdr`; its data follows. `length` counts the header, too. */
export const CMSGHDR = { words: 4, bytes: 16, length: 0, level: 2, type: 3 } as const;

/** `struct in_pktinfo`: interface, local address, address in the header. */
export const IN_PKTINFO = { words: 3, bytes: 12, local: 1 } as const;

/** `struct in6_pktinfo`: address, interface. */
export const IN6_PKTINFO = { words: 5, bytes: 20, local: 0, interface: 4 } as const;

/** Words that a control message with `words` of data takes. */
export function controlWords(words: number): number {
  return CMSGHDR.words + words + words % 2;
}
