/**
 * Receiving datagrams, several with one call.
 *
 * @module
 */

import { SOCKET } from "./native/abi.ts";
import { Block, storePointer } from "./native/block.ts";
import type { Libc } from "./native/libc.ts";
import { CMSGHDR, IN6_PKTINFO, IN_PKTINFO, IOVEC, MMSGHDR } from "./native/message.ts";
import { KEY } from "./udp_flow_table.ts";

/** Datagrams, or trains of them, that one call receives. */
export const BATCH = 32;

const { AF_INET, IPPROTO_IP, IP_PKTINFO, IPPROTO_IPV6, IPV6_PKTINFO, SOL_UDP, UDP_GRO } = SOCKET;

/** Room for the largest datagram, and for a train. */
const DATA_BYTES = 64 * 1024;
/** Data begins in different cache sets. */
const DATA_STRIDE = DATA_BYTES + 320;
const NAME_BYTES = 32;
const CONTROL_BYTES = 128;

/**
 * What one call of recvmmsg(2) fills. It is made once, and all sockets of a Worker receive into it
 * in turn: what came is dealt with before the next call. The kernel writes into pages that are
 * needed only.
 */
export class Inbox {
  readonly #libc: Libc;
  readonly #data = new Block(BATCH * DATA_STRIDE);
  readonly #names = new Block(BATCH * NAME_BYTES);
  readonly #controls = new Block(BATCH * CONTROL_BYTES);
  readonly #iovecs = new Block(BATCH * 4 * IOVEC.words);
  readonly #headers = new Block(BATCH * 4 * MMSGHDR.words);
  /** Headers that the kernel has written its lengths to. */
  #written = BATCH;

  constructor(libc: Libc) {
    this.#libc = libc;
    for (let i = 0; i < BATCH; i++) {
      const iovec = i * IOVEC.words;
      storePointer(this.#iovecs.words, iovec + IOVEC.base, this.addressOf(i));
      this.#iovecs.words[iovec + IOVEC.length] = DATA_BYTES;
      const header = i * MMSGHDR.words;
      const { words } = this.#headers;
      storePointer(words, header + MMSGHDR.name, this.#names.address + i * NAME_BYTES);
      storePointer(words, header + MMSGHDR.iovecs, this.#iovecs.address + 4 * iovec);
      words[header + MMSGHDR.iovecCount] = 1;
      storePointer(words, header + MMSGHDR.control, this.#controls.address + i * CONTROL_BYTES);
    }
  }

  /** Receives what is there. @returns how many messages, or -1 */
  receive(fd: number): number {
    const { words } = this.#headers;
    for (let i = 0; i < this.#written; i++) {
      words[i * MMSGHDR.words + MMSGHDR.nameLength] = NAME_BYTES;
      words[i * MMSGHDR.words + MMSGHDR.controlLength] = CONTROL_BYTES;
    }
    const count = this.#libc.recvmmsg(fd, words, BATCH, 0, 0);
    this.#written = Math.max(0, count);
    return count;
  }

  /** Bytes of message `i`. */
  lengthOf(i: number): number {
    return this.#headers.words[i * MMSGHDR.words + MMSGHDR.length] ?? 0;
  }

  /** Where the bytes of message `i` are. */
  addressOf(i: number): number {
    return this.#data.address + i * DATA_STRIDE;
  }

  /** Some bytes of message `i`, until the next call. */
  data(i: number, offset: number, length: number): Uint8Array<ArrayBuffer> {
    const at = i * DATA_STRIDE + offset;
    return this.#data.bytes.subarray(at, at + length);
  }

  /** Makes `data` message `i`, as far as `addressOf` goes. */
  put(i: number, data: Uint8Array<ArrayBuffer>): void {
    this.#data.bytes.set(data, i * DATA_STRIDE);
  }

  /** Whether message `i` was longer than there is room for, which no datagram is. */
  isTruncated(i: number): boolean {
    const flags = this.#headers.words[i * MMSGHDR.words + MMSGHDR.flags] ?? 0;
    return (flags & SOCKET.MSG_TRUNC) !== 0;
  }

  /** How long each datagram of message `i` is but the last, when it is a train; else 0. */
  segmentOf(i: number): number {
    return this.#parse(i, null);
  }

  /** As `segmentOf`, and puts into `key` where message `i` comes from and where it went. */
  keyOf(i: number, key: Int32Array): number {
    const name = i * NAME_BYTES / 4;
    const { words } = this.#names;
    const first = words[name] ?? 0;
    const isIpv4 = (first & 0xffff) === AF_INET;
    key.fill(0, KEY.source);
    key[KEY.source] = first;
    if (isIpv4) key[KEY.address] = words[name + 1] ?? 0;
    else for (let j = 0; j < 5; j++) key[KEY.address + j] = words[name + 2 + j] ?? 0;
    return this.#parse(i, key);
  }

  /** Walks the control messages (cmsg(3)). */
  #parse(i: number, key: Int32Array | null): number {
    const bytes = this.#headers.words[i * MMSGHDR.words + MMSGHDR.controlLength] ?? 0;
    const { words } = this.#controls;
    let at = i * CONTROL_BYTES / 4;
    const end = at + bytes / 4;
    let segment = 0;
    while (at + CMSGHDR.words <= end) {
      const length = words[at + CMSGHDR.length] ?? 0;
      const level = words[at + CMSGHDR.level];
      const type = words[at + CMSGHDR.type];
      const data = at + CMSGHDR.words;
      if (length < CMSGHDR.bytes) break;
      if (level === SOL_UDP && type === UDP_GRO) segment = words[data] ?? 0;
      else if (key === null) { /* Nobody wants to know. */ }
      else if (
        level === IPPROTO_IP && type === IP_PKTINFO
      ) key[KEY.local] = words[data + IN_PKTINFO.local] ?? 0;
      else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO) {
        for (let j = 0; j < 4; j++) key[KEY.local + j] = words[data + IN6_PKTINFO.local + j] ?? 0;
      }
      at += (length + 7 >> 3) << 1;
    }
    return segment;
  }
}
