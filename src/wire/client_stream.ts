/**
 * The client's end of a control stream over grpc-js.
 *
 * @module
 */

import { type ClientDuplexStream, type Metadata, status, type StatusObject } from "@grpc/grpc-js";
import type { ClientMessage, ServerMessage } from "./gen/portunus/v1/portunus_pb.ts";
import { Inbox } from "./inbox.ts";
import type { ClientStream, WireError } from "./streams.ts";
import { writeMessage } from "./write_message.ts";

export interface ClientStreamOptions {
  /** What a status means; asked once, when the stream is over. */
  readonly failureOf: (status: StatusObject, heard: boolean) => WireError;
  /** Called once, when the stream is over. */
  readonly onOver: () => void;
}

/** Ends when the server ends it, when the connection is lost, or by {@linkcode cancel}. */
export class GrpcClientStream implements ClientStream {
  readonly headers: Promise<ReadonlyMap<string, string>>;
  readonly incoming: Inbox<ServerMessage>;
  /** Resolves when the stream is over, with what went wrong, if anything did; never rejects. */
  readonly ended: Promise<WireError | null>;
  readonly #call: ClientDuplexStream<ClientMessage, ServerMessage>;
  readonly #over = new AbortController();
  #cancelled = false;
  #heard = false;

  constructor(
    call: ClientDuplexStream<ClientMessage, ServerMessage>,
    { failureOf, onOver }: ClientStreamOptions,
  ) {
    this.#call = call;
    this.incoming = new Inbox(call);
    const headers = Promise.withResolvers<ReadonlyMap<string, string>>();
    const ended = Promise.withResolvers<WireError | null>();
    this.headers = headers.promise;
    this.ended = ended.promise;
    // Whoever does not look at the headers learns of the failure from `incoming`.
    void headers.promise.catch(() => {});
    call.on("metadata", (metadata: Metadata) => headers.resolve(textEntries(metadata)));
    call.on("data", (message: ServerMessage) => {
      this.#heard = true;
      this.incoming.push(message);
    });
    // The status says the same, and comes always.
    call.on("error", () => {});
    call.on("status", (result: StatusObject) => {
      const clean = this.#cancelled || result.code === status.OK;
      const failure = clean ? null : failureOf(result, this.#heard);
      if (failure === null) headers.resolve(new Map());
      else headers.reject(failure);
      this.incoming.end(failure ?? undefined);
      this.#over.abort();
      ended.resolve(failure);
      onOver();
    });
  }

  send(message: ClientMessage): Promise<void> {
    return writeMessage(this.#call, message, this.#over.signal);
  }

  close(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#call.cancel();
  }
}

function textEntries(metadata: Metadata): Map<string, string> {
  return new Map(
    Object.entries(metadata.getMap()).map(([name, value]) => [name, value.toString()]),
  );
}
