/**
 * The two ends of a control session as the rest of the code sees them, free of gRPC's own types:
 * a stream of messages each way, and errors in the words that operators and scripts look for.
 *
 * @module
 */

import type {
  ClientMessage,
  CredentialBundle,
  ServerMessage,
} from "./gen/portunus/v1/portunus_pb.ts";

/** The server's end of one control stream. */
export interface ServerStream {
  /** The client's address as `ip:port`; IPv4-mapped addresses in the plain form, IPv6 in brackets. */
  readonly peer: string;
  /**
   * Messages in the order they were sent; can be iterated once. Ends when the client half-closes
   * or this end is stopped; throws a {@linkcode WireError} when the stream broke, after every
   * message that arrived before.
   */
  readonly incoming: AsyncIterable<ClientMessage>;
  /**
   * Adds a response header. Headers leave with the first {@linkcode send}, and nothing leaves
   * before it: a session that reads first also answers first.
   *
   * @throws {TypeError} after the first `send`
   */
  setHeader(name: string, value: string): void;
  /**
   * Resolves when the message was handed to the transport, which waits while the peer reads slowly.
   *
   * @throws {WireError} once the stream is over
   */
  send(message: ServerMessage): Promise<void>;
  /** Aborted when the stream ended, whatever the reason. */
  readonly closed: AbortSignal;
}

/** What the server does with calls. The adapter knows gRPC; these know the domain. */
export interface ControlHandlers<Identity> {
  /**
   * Who `token` belongs to.
   *
   * @throws {PortunusError} with a code that has a gRPC status; its code becomes the message
   */
  authenticate(token: string): Identity | Promise<Identity>;
  /**
   * Runs one control session. Returning ends the stream with status OK; a `PortunusError` ends it
   * with the error's gRPC status and its code as the message.
   */
  session(identity: Identity, stream: ServerStream): Promise<void>;
  /**
   * Redeems an enrollment code.
   *
   * @throws {PortunusError} as {@linkcode authenticate} does
   */
  enroll(code: string): Promise<CredentialBundle>;
}

/** The client's end of one control stream, over a connection whose certificate matched the pin. */
export interface ClientStream {
  /**
   * The response headers, names in lower case. The server sends them no earlier than its first
   * message, so waiting for them before sending anything would wait forever. Empty when the
   * stream ended without any.
   *
   * @throws {WireError} when the stream failed first
   */
  readonly headers: Promise<ReadonlyMap<string, string>>;
  /**
   * Messages in the order they were sent; can be iterated once. Ends when the server ended the
   * stream with status OK, or after {@linkcode cancel}; throws a {@linkcode WireError} otherwise,
   * and what was not read by then is lost.
   */
  readonly incoming: AsyncIterable<ServerMessage>;
  /**
   * Resolves when the message was handed to the transport, which waits while the peer reads slowly.
   *
   * @throws {WireError} once the stream is over
   */
  send(message: ClientMessage): Promise<void>;
  /** Half-closes: no more messages from this end, the server's still arrive. */
  close(): void;
  /** Ends the stream and its connection at once. */
  cancel(): void;
}

/**
 * What failed: the TLS handshake or the pin, the connection or a gRPC status, the bearer token,
 * the token because it was revoked, a server that does not begin with Welcome, or something local
 * (a file).
 */
export type WireErrorKind =
  | "tls"
  | "transport"
  | "auth"
  | "token_revoked"
  | "welcome_missing"
  | "io";

/**
 * A failure between client and server. The message has the form scripts match: `tls: …`,
 * `transport: …` (for a gRPC status `transport: <Code>: <message>`), `auth: …`, `io: …`, or the
 * bare kind where there is no detail.
 */
export class WireError extends Error {
  override readonly name = "WireError";

  /** @param detail what follows the kind in the message */
  constructor(readonly kind: WireErrorKind, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? kind : `${kind}: ${detail}`, options);
  }

  /** Whether trying again is pointless: the server refused the token while connecting. */
  get terminal(): boolean {
    return this.kind === "auth" || this.kind === "token_revoked";
  }
}

/** The text that a pin mismatch is recognised by. */
export const PIN_MISMATCH = "server certificate fingerprint does not match the pinned value";
