/**
 * A message that takes descriptors along: `SCM_RIGHTS` of unix(7).
 *
 * @module
 */

import { SOCKET } from "./abi.ts";
import { Block, storePointer } from "./block.ts";
import type { Libc } from "./libc.ts";
import { CMSGHDR, controlWords, IOVEC, MMSGHDR } from "./message.ts";

const { SOL_SOCKET, SCM_RIGHTS, MSG_NOSIGNAL, MSG_CMSG_CLOEXEC, MSG_CTRUNC } = SOCKET;

/** Descriptors of one message; the kernel takes 253. */
export const FDS_MAX = 64;
/** Bytes of one message. */
export const MESSAGE_BYTES_MAX = 32 * 1024;

/** What was received. */
export interface FdMessage {
  /** Empty at the end of the stream. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Open descriptors, the receiver's from now on. */
  readonly fds: readonly number[];
  /** Whether there were more than fit; they are closed already. */
  readonly isTruncated: boolean;
}

/** Memory for one message at a time, on sockets that keep messages apart. */
export class FdMessenger {
  readonly #libc: Libc;
  readonly #data = new Block(MESSAGE_BYTES_MAX);
  readonly #control = new Block(4 * controlWords(FDS_MAX));
  readonly #iovec = new Block(4 * IOVEC.words);
  readonly #header = new Block(4 * MMSGHDR.words);

  constructor(libc: Libc) {
    this.#libc = libc;
    const { words } = this.#header;
    storePointer(this.#iovec.words, IOVEC.base, this.#data.address);
    storePointer(words, MMSGHDR.iovecs, this.#iovec.address);
    words[MMSGHDR.iovecCount] = 1;
  }

  /** Tries to send. @returns 1, or -1 with an errno */
  send(fd: number, data: Uint8Array, fds: readonly number[]): number {
    this.#data.bytes.set(data);
    this.#iovec.words[IOVEC.length] = data.length;
    const { words } = this.#control;
    words[CMSGHDR.length] = CMSGHDR.bytes + 4 * fds.length;
    words[CMSGHDR.length + 1] = 0;
    words[CMSGHDR.level] = SOL_SOCKET;
    words[CMSGHDR.type] = SCM_RIGHTS;
    words.set(fds, CMSGHDR.words);
    this.#useControl(fds.length === 0 ? 0 : 4 * controlWords(fds.length));
    return this.#libc.sendmmsg(fd, this.#header.words, 1, MSG_NOSIGNAL);
  }

  /** Tries to receive; {@linkcode received} then tells what. @returns 1, or -1 with an errno */
  receive(fd: number): number {
    this.#iovec.words[IOVEC.length] = MESSAGE_BYTES_MAX;
    this.#useControl(4 * controlWords(FDS_MAX));
    this.#header.words[MMSGHDR.flags] = 0;
    return this.#libc.recvmmsg(fd, this.#header.words, 1, MSG_CMSG_CLOEXEC, 0);
  }

  /** The message that came last. */
  received(): FdMessage {
    const { words } = this.#header;
    return {
      data: this.#data.bytes.slice(0, words[MMSGHDR.length] ?? 0),
      fds: this.#fds(),
      isTruncated: ((words[MMSGHDR.flags] ?? 0) & MSG_CTRUNC) !== 0,
    };
  }

  #fds(): number[] {
    const { words } = this.#control;
    const length = words[CMSGHDR.length] ?? 0;
    const isThere = (this.#header.words[MMSGHDR.controlLength] ?? 0) > CMSGHDR.bytes &&
      words[CMSGHDR.level] === SOL_SOCKET && words[CMSGHDR.type] === SCM_RIGHTS;
    const count = isThere ? (length - CMSGHDR.bytes) / 4 : 0;
    return [...words.subarray(CMSGHDR.words, CMSGHDR.words + count)];
  }

  #useControl(bytes: number): void {
    const { words } = this.#header;
    storePointer(words, MMSGHDR.control, bytes === 0 ? 0 : this.#control.address);
    words[MMSGHDR.controlLength] = bytes;
  }
}
