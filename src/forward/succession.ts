/**
 * How a process takes the place of another one: it gets the listening sockets themselves, so that
 * whoever waits in their queues is served, by one or the other.
 *
 * @module
 */

/** What a listening socket listens to. The host is an IP literal without brackets. */
export interface SocketName {
  readonly protocol: "tcp" | "udp";
  readonly hostname: string;
  readonly port: number;
}

/** A connection between a process and the one that is to take its place. Disposing closes it. */
export interface SuccessionChannel extends Disposable {
  /** The process at the other end, as the system knows it. */
  readonly peerPid: number;
  /** Sends a message. @throws {Error} when the other end is gone */
  send(text: string): Promise<void>;
  /** The next message; `null` when there will be none. @throws {Error} when sockets come instead */
  receive(): Promise<string | null>;
  /** Sends every socket that the engine listens on; the engine goes on. @throws as `send` */
  giveSockets(): Promise<void>;
  /**
   * Receives what the other end gives. Rules that are opened from now on have theirs.
   *
   * @returns how many there are
   * @throws {Error} when the other end is gone, or sends something else
   */
  takeSockets(): Promise<number>;
}

/** Waits for successors. Disposing ends that, and removes the socket's file. */
export interface SuccessionListener extends Disposable {
  /**
   * The next process that connects.
   *
   * @throws {Error} once disposed, when it is another user's, or what the system says
   */
  accept(): Promise<SuccessionChannel>;
}

/** What an engine that can be succeeded adds. */
export interface Succession {
  /**
   * Waits at `path`, a Unix socket that only this user can open.
   *
   * @throws {Error} what the system says, or that another process waits there
   */
  listen(path: string): SuccessionListener;
  /** @throws {Error} when nobody waits there, or a process of another user does */
  connect(path: string): SuccessionChannel;
  /** Closes sockets that were received and that no rule wanted. @returns how many those were */
  dropUnclaimed(): number;
}
