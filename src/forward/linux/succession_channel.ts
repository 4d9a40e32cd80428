/**
 * Text and listening sockets between two processes of this engine, over a Unix socket that keeps
 * messages apart (`SOCK_SEQPACKET`, unix(7)). A message is a byte that says what it is, and data.
 *
 * @module
 */

import type { SocketName, SuccessionChannel } from "../succession.ts";
import type { InheritedSockets } from "./inherited_sockets.ts";
import type { LinuxSocket } from "./linux_socket.ts";
import type { Libc } from "./native/libc.ts";
import { type FdMessage, FdMessenger, FDS_MAX, MESSAGE_BYTES_MAX } from "./native/fd_message.ts";

const FRAME = {
  /** A piece of a text, and its last piece. */
  text: 1,
  textEnd: 2,
  /** Names of sockets, which come along; and that those were all. */
  sockets: 3,
  socketsEnd: 4,
} as const;

/** No list of rules comes near this. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

/** A socket that the engine listens on. */
export interface NamedSocket {
  readonly name: SocketName;
  readonly fd: number;
}

export interface SuccessionChannelOptions {
  /** Connected; it belongs to the channel from now on. */
  readonly socket: LinuxSocket;
  readonly peerPid: number;
  readonly libc: Libc;
  /** What the engine listens on now. */
  readonly sockets: () => readonly NamedSocket[];
  readonly inherited: InheritedSockets;
}

export class LinuxSuccessionChannel implements SuccessionChannel {
  readonly peerPid: number;
  readonly #options: SuccessionChannelOptions;
  readonly #messenger: FdMessenger;

  constructor(options: SuccessionChannelOptions) {
    this.peerPid = options.peerPid;
    this.#options = options;
    this.#messenger = new FdMessenger(options.libc);
  }

  async send(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    const step = MESSAGE_BYTES_MAX - 1;
    let at = 0;
    for (; bytes.length - at > step; at += step) {
      await this.#send(FRAME.text, bytes.subarray(at, at + step));
    }
    await this.#send(FRAME.textEnd, bytes.subarray(at));
  }

  async receive(): Promise<string | null> {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let text = "";
    while (true) {
      const { kind, data, fds } = await this.#receive();
      if (kind === null && text === "") return null;
      this.#closeAll(fds);
      const isEnd = kind === FRAME.textEnd;
      if (!isEnd && kind !== FRAME.text) throw new Error("The other process does not say a text");
      text += decoder.decode(data, { stream: !isEnd });
      if (isEnd) return text;
      if (text.length > TEXT_BYTES_MAX) throw new Error("The other process says too much");
    }
  }

  async giveSockets(): Promise<void> {
    const all = this.#options.sockets();
    for (let at = 0; at < all.length; at += FDS_MAX) {
      const some = all.slice(at, at + FDS_MAX);
      const names = new TextEncoder().encode(JSON.stringify(some.map(({ name }) => name)));
      await this.#send(FRAME.sockets, names, some.map(({ fd }) => fd));
    }
    await this.#send(FRAME.socketsEnd, new Uint8Array());
  }

  async takeSockets(): Promise<number> {
    const { inherited } = this.#options;
    while (true) {
      const { kind, data, fds } = await this.#receive();
      if (kind === FRAME.socketsEnd) return inherited.size;
      const names: readonly SocketName[] | null = kind === FRAME.sockets
        ? JSON.parse(new TextDecoder().decode(data))
        : null;
      if (names === null || names.length !== fds.length) {
        this.#closeAll(fds);
        throw new Error("The other process does not give its sockets");
      }
      for (const [i, name] of names.entries()) inherited.add(name, fds[i] ?? -1);
    }
  }

  [Symbol.dispose](): void {
    this.#options.socket[Symbol.dispose]();
  }

  async #send(kind: number, data: Uint8Array, fds: readonly number[] = []): Promise<void> {
    const frame = new Uint8Array(1 + data.length);
    frame[0] = kind;
    frame.set(data, 1);
    await this.#options.socket.attempt("write", (fd) => this.#messenger.send(fd, frame, fds));
  }

  /** The next frame; its kind is `null` at the end. */
  async #receive(): Promise<{ kind: number | null } & Pick<FdMessage, "data" | "fds">> {
    await this.#options.socket.attempt("read", (fd) => this.#messenger.receive(fd));
    const { data, fds, isTruncated } = this.#messenger.received();
    if (isTruncated) {
      this.#closeAll(fds);
      throw new Error("No room for the sockets of the other process");
    }
    return { kind: data[0] ?? null, data: data.subarray(1), fds };
  }

  #closeAll(fds: readonly number[]): void {
    for (const fd of fds) this.#options.libc.close(fd);
  }
}
