/**
 * Sending datagrams, several with one call.
 *
 * @module
 */

import { SOCKET } from "./native/abi.ts";
import { Block, loadPointer, storePointer } from "./native/block.ts";
import { ERRNO } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import {
  CMSGHDR,
  controlWords,
  IN6_PKTINFO,
  IN_PKTINFO,
  IOVEC,
  MMSGHDR,
} from "./native/message.ts";
import { type FlowTable, KEY } from "./udp_flow_table.ts";

const { AF_INET, IPPROTO_IP, IP_PKTINFO, IPPROTO_IPV6, IPV6_PKTINFO, SOL_UDP } = SOCKET;
const { UDP_SEGMENT, MSG_NOSIGNAL } = SOCKET;

const MESSAGES_MAX = 64;
/** Datagrams of one train; the kernel's limit was this when there was a limit (UDP_MAX_SEGMENTS). */
const SEGMENTS_MAX = 64;
/** Bytes of one train, which is one datagram of IP until it is cut. */
const TRAIN_BYTES_MAX = 65_000;
/**
 * What fits a packet of Ethernet over IPv6. The kernel does not cut trains of datagrams that have
 * to be fragmented as well.
 */
const SEGMENT_BYTES_MAX = 1_452;
const NAME_BYTES = 128;
const CONTROL_WORDS = 32;
const IN_BYTES = 16;
const IN6_BYTES = 28;

/** Who hears of what could not be sent. */
export interface OutboxSink {
  /** `datagrams` were not sent. @returns whether to go on with the next ones */
  sendFailed(errno: number, datagrams: number): boolean;
}

/**
 * Datagrams on their way to one peer. Those of one size that follow each other become one message,
 * a train that the kernel (or the network card) cuts into datagrams again (`UDP_SEGMENT`, udp(7)):
 * so the way through the kernel is paid once. Nothing is copied; data has to stay until `send`.
 */
export class Outbox {
  readonly #libc: Libc;
  readonly #sink: OutboxSink;
  readonly #name = new Block(NAME_BYTES);
  readonly #pktinfo = new Int32Array(CONTROL_WORDS);
  /** One more of each, for what is sent again alone. */
  readonly #headers = new Block((MESSAGES_MAX + 1) * 4 * MMSGHDR.words);
  readonly #controls = new Block((MESSAGES_MAX + 1) * 4 * CONTROL_WORDS);
  readonly #iovecs = new Block((MESSAGES_MAX * SEGMENTS_MAX + 1) * 4 * IOVEC.words);
  readonly #alone = this.#headers.words.subarray(MESSAGES_MAX * MMSGHDR.words);
  /** Of each message: its bytes, its datagrams, and how long the first of them is. */
  readonly #bytes = new Int32Array(MESSAGES_MAX);
  readonly #datagrams = new Int32Array(MESSAGES_MAX);
  readonly #sizes = new Int32Array(MESSAGES_MAX);
  readonly #firstIovec = new Int32Array(MESSAGES_MAX + 1);
  #count = 0;
  #iovecCount = 0;
  #nameBytes = 0;
  #pktinfoWords = 0;
  /** Where the bytes of the last message end. */
  #end = 0;
  /** Whether the last message takes no more. */
  #isClosed = true;
  /** Whether trains may be made; false after a `send` that found the way takes none. */
  isSegmenting = true;
  /** What `send` has sent. */
  sentBytes = 0;
  sentDatagrams = 0;

  constructor(libc: Libc, sink: OutboxSink) {
    this.#libc = libc;
    this.#sink = sink;
    const { words } = this.#headers;
    for (let i = 0; i <= MESSAGES_MAX; i++) {
      const header = i * MMSGHDR.words;
      const control = this.#controls.address + i * 4 * CONTROL_WORDS;
      storePointer(words, header + MMSGHDR.name, this.#name.address);
      storePointer(words, header + MMSGHDR.control, control);
    }
  }

  /** Starts with what goes to the peer that a socket is connected to. */
  begin(isSegmenting: boolean): void {
    this.isSegmenting = isSegmenting;
    this.#nameBytes = 0;
    this.#pktinfoWords = 0;
    this.sentBytes = 0;
    this.sentDatagrams = 0;
    this.#clear();
  }

  /** Starts with what goes back to the source of `flow`, from the address that it talks to. */
  beginReply(flows: FlowTable, flow: number, isSegmenting: boolean): void {
    this.begin(isSegmenting);
    const source = flows.keyAt(flow, KEY.source);
    const { words: name } = this.#name;
    name[0] = source;
    const info = this.#pktinfo;
    if ((source & 0xffff) === AF_INET) {
      name[1] = flows.keyAt(flow, KEY.address);
      name[2] = name[3] = 0;
      this.#nameBytes = IN_BYTES;
      this.#pktinfoWords = control(info, 0, IPPROTO_IP, IP_PKTINFO, IN_PKTINFO);
      info[CMSGHDR.words] = info[CMSGHDR.words + 2] = 0;
      info[CMSGHDR.words + IN_PKTINFO.local] = flows.keyAt(flow, KEY.local);
      return;
    }
    // No flow label; a link-local address is one of an interface.
    name[1] = 0;
    const scope = flows.keyAt(flow, KEY.scope);
    for (let i = 0; i < 4; i++) name[2 + i] = flows.keyAt(flow, KEY.address + i);
    name[6] = scope;
    this.#nameBytes = IN6_BYTES;
    this.#pktinfoWords = control(info, 0, IPPROTO_IPV6, IPV6_PKTINFO, IN6_PKTINFO);
    for (let i = 0; i < 4; i++) info[CMSGHDR.words + i] = flows.keyAt(flow, KEY.local + i);
    info[CMSGHDR.words + IN6_PKTINFO.interface] = scope;
  }

  /** Whether trains of datagrams of this many bytes can be passed on as such. */
  takesTrains(segment: number): boolean {
    return this.isSegmenting && segment <= SEGMENT_BYTES_MAX;
  }

  /**
   * Adds one datagram, or for a `segment` that is not 0 a train that `takesTrains`.
   *
   * @returns whether there was room
   */
  add(address: number, length: number, segment: number): boolean {
    const datagrams = segment === 0 ? 1 : Math.ceil(length / segment);
    const size = segment === 0 ? length : segment;
    if (!this.#isClosed && this.#fits(length, size, datagrams)) {
      const last = this.#count - 1;
      this.#append(address, length);
      this.#bytes[last] = (this.#bytes[last] ?? 0) + length;
      this.#datagrams[last] = (this.#datagrams[last] ?? 0) + datagrams;
    } else {
      if (this.#count === MESSAGES_MAX) return false;
      const message = this.#count++;
      this.#firstIovec[message] = this.#iovecCount;
      this.#end = -1;
      this.#append(address, length);
      this.#bytes[message] = length;
      this.#datagrams[message] = datagrams;
      this.#sizes[message] = size;
      this.#isClosed = !this.takesTrains(size) || length === 0;
    }
    // Only the last datagram of a train may be shorter.
    if (length < datagrams * (this.#sizes[this.#count - 1] ?? 0)) this.#isClosed = true;
    return true;
  }

  /** Sends everything through `fd`, as far as it goes, and is empty then. */
  send(fd: number): void {
    const { words } = this.#headers;
    this.#firstIovec[this.#count] = this.#iovecCount;
    for (let i = 0; i < this.#count; i++) this.#complete(i);
    for (let next = 0; next < this.#count;) {
      const rest = next === 0 ? words : words.subarray(next * MMSGHDR.words);
      const sent = this.#libc.sendmmsg(fd, rest, this.#count - next, MSG_NOSIGNAL);
      for (let i = 0; i < sent; i++, next++) this.#sent(next);
      if (sent > 0) continue;
      const errno = this.#libc.errno();
      if (errno === ERRNO.EINTR) continue;
      const datagrams = this.#datagrams[next] ?? 0;
      const goesOn = datagrams > 1 && refusesTrains(errno)
        ? this.#sendEach(fd, next)
        : this.#sink.sendFailed(errno, datagrams);
      if (!goesOn) break;
      next += 1;
    }
    this.#clear();
  }

  #clear(): void {
    this.#count = 0;
    this.#iovecCount = 0;
    this.#isClosed = true;
  }

  #fits(length: number, size: number, datagrams: number): boolean {
    const last = this.#count - 1;
    const wanted = this.#sizes[last] ?? 0;
    const isOfSize = size === wanted || datagrams === 1 && length < wanted;
    return isOfSize && length > 0 &&
      (this.#bytes[last] ?? 0) + length <= TRAIN_BYTES_MAX &&
      (this.#datagrams[last] ?? 0) + datagrams <= SEGMENTS_MAX;
  }

  #append(address: number, length: number): void {
    const { words } = this.#iovecs;
    if (address === this.#end) {
      const at = (this.#iovecCount - 1) * IOVEC.words + IOVEC.length;
      words[at] = (words[at] ?? 0) + length;
    } else {
      const at = this.#iovecCount++ * IOVEC.words;
      storePointer(words, at + IOVEC.base, address);
      words[at + IOVEC.length] = length;
    }
    this.#end = address + length;
  }

  #complete(message: number): void {
    const first = this.#firstIovec[message] ?? 0;
    const isTrain = (this.#datagrams[message] ?? 0) > 1;
    const { words } = this.#headers;
    const header = message * MMSGHDR.words;
    storePointer(words, header + MMSGHDR.iovecs, this.#iovecs.address + 4 * first * IOVEC.words);
    words[header + MMSGHDR.iovecCount] = (this.#firstIovec[message + 1] ?? 0) - first;
    this.#address(message, isTrain ? this.#sizes[message] ?? 0 : 0);
  }

  /** Fills in where a message goes, and how long its segments are, if it has some. */
  #address(message: number, segment: number): void {
    const { words } = this.#controls;
    const at = message * CONTROL_WORDS;
    let used = this.#pktinfoWords;
    for (let i = 0; i < used; i++) words[at + i] = this.#pktinfo[i] ?? 0;
    if (segment > 0) {
      used += control(words, at + used, SOL_UDP, UDP_SEGMENT, SEGMENT_LENGTH);
      words[at + used - 2] = segment;
    }
    const header = message * MMSGHDR.words;
    this.#headers.words[header + MMSGHDR.nameLength] = this.#nameBytes;
    this.#headers.words[header + MMSGHDR.controlLength] = 4 * used;
  }

  #sent(message: number): void {
    this.sentBytes += this.#bytes[message] ?? 0;
    this.sentDatagrams += this.#datagrams[message] ?? 0;
  }

  /** Sends the datagrams of a train one by one. @returns whether to go on with the next message */
  #sendEach(fd: number, message: number): boolean {
    this.isSegmenting = false;
    const { words } = this.#iovecs;
    const size = this.#sizes[message] ?? 0;
    const end = this.#firstIovec[message + 1] ?? 0;
    for (let iovec = this.#firstIovec[message] ?? 0; iovec < end; iovec++) {
      const at = iovec * IOVEC.words;
      const address = loadPointer(words, at + IOVEC.base);
      const length = words[at + IOVEC.length] ?? 0;
      for (let offset = 0; offset < length; offset += size) {
        const bytes = Math.min(size, length - offset);
        const errno = this.#sendAlone(fd, address + offset, bytes);
        if (errno !== 0 && !this.#sink.sendFailed(errno, 1)) return false;
      }
    }
    return true;
  }

  /** @returns 0, or the errno */
  #sendAlone(fd: number, address: number, length: number): number {
    const iovec = MESSAGES_MAX * SEGMENTS_MAX * IOVEC.words;
    storePointer(this.#iovecs.words, iovec + IOVEC.base, address);
    this.#iovecs.words[iovec + IOVEC.length] = length;
    storePointer(this.#alone, MMSGHDR.iovecs, this.#iovecs.address + 4 * iovec);
    this.#alone[MMSGHDR.iovecCount] = 1;
    this.#address(MESSAGES_MAX, 0);
    while (this.#libc.sendmmsg(fd, this.#alone, 1, MSG_NOSIGNAL) !== 1) {
      const errno = this.#libc.errno();
      if (errno !== ERRNO.EINTR) return errno;
    }
    this.sentBytes += length;
    this.sentDatagrams += 1;
    return 0;
  }
}

/** The data of `UDP_SEGMENT`, a `uint16_t`, which takes a word as any number below 2^16 does. */
const SEGMENT_LENGTH = { words: 1, bytes: 2 } as const;

/** Writes the header of a control message, and clears its data. @returns the words it takes */
function control(
  words: Int32Array,
  at: number,
  level: number,
  type: number,
  data: { readonly words: number; readonly bytes: number },
): number {
  const taken = controlWords(data.words);
  words.fill(0, at, at + taken);
  words[at + CMSGHDR.length] = CMSGHDR.bytes + data.bytes;
  words[at + CMSGHDR.level] = level;
  words[at + CMSGHDR.type] = type;
  return taken;
}

/** Whether `errno` may mean that this way takes no trains: too narrow, or no checksums in hardware. */
function refusesTrains(errno: number): boolean {
  return errno === ERRNO.EMSGSIZE || errno === ERRNO.EINVAL || errno === ERRNO.EIO ||
    errno === ERRNO.EOPNOTSUPP;
}
