/**
 * The server's end of a control stream over grpc-js.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { Metadata, type ServerDuplexStream } from "@grpc/grpc-js";
import type { ClientMessage, ServerMessage } from "./gen/portunus/v1/portunus_pb.ts";
import { type Status, STATUS_OK } from "./grpc_status.ts";
import { Inbox } from "./inbox.ts";
import { formatPeer } from "./peer.ts";
import { type ServerStream, WireError } from "./streams.ts";
import { writeMessage } from "./write_message.ts";

/** Ended by {@linkcode finish}, or by the client's disconnect. */
export class GrpcServerStream implements ServerStream {
  readonly peer: string;
  readonly incoming: Inbox<ClientMessage>;
  readonly closed: AbortSignal;
  readonly #call: ServerDuplexStream<ClientMessage, ServerMessage>;
  readonly #over = new AbortController();
  /** Until they are sent. */
  #headers: Metadata | null = new Metadata();

  constructor(call: ServerDuplexStream<ClientMessage, ServerMessage>) {
    this.#call = call;
    this.peer = formatPeer(call.getPeer());
    this.incoming = new Inbox(call);
    this.closed = this.#over.signal;
    call.on("data", (message: ClientMessage) => this.incoming.push(message));
    // A stream that breaks ends first and is cancelled in the same turn of the event loop; an end
    // that stays alone is the client's half-close.
    call.on("end", () => setImmediate(() => this.incoming.end()));
    // grpc-js says so of every stream that is over; after a status was sent it is no news.
    call.on("cancelled", () => {
      this.incoming.end(new WireError("transport", "Cancelled: the client broke off the stream"));
      this.#over.abort();
    });
  }

  setHeader(name: string, value: string): void {
    if (this.#headers === null) throw new TypeError(`The headers were sent before "${name}"`);
    this.#headers.set(name, value);
  }

  send(message: ServerMessage): Promise<void> {
    if (this.#headers !== null && !this.closed.aborted) {
      this.#call.sendMetadata(this.#headers);
      this.#headers = null;
    }
    return writeMessage(this.#call, message, this.closed);
  }

  /** Ends the stream with `status`, after what was sent before. Only the first call counts. */
  finish(status: Status): void {
    if (this.closed.aborted) return;
    this.incoming.end();
    this.#over.abort();
    if (status.code === STATUS_OK.code) this.#call.end();
    else this.#call.emit("error", status);
  }
}
