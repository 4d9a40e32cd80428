/**
 * A gRPC channel for a single attempt: it connects once, to a pinned server, and never again.
 *
 * @module
 */

import {
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  type ClientUnaryCall,
  type Metadata,
  type MethodDefinition,
  type requestCallback,
  type StatusObject,
} from "@grpc/grpc-js";
import { hostLiteral } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { systemClock } from "../system/clock.ts";
import { PinnedCredentials } from "./pinned_credentials.ts";
import { WireError } from "./streams.ts";

/** Whom to call. */
export interface Dial {
  /** `host:port`; IPv6 in brackets. */
  readonly endpoint: string;
  /** SHA-256 of the server's leaf certificate, 64 hex digits of any case. */
  readonly pin: string;
  /** Aborting it ends the attempt, and the call that came of it. */
  readonly signal: AbortSignal;
  /** @default {systemClock} */
  readonly clock?: Clock;
}

/**
 * grpc-js would otherwise go through a proxy, ask DNS for a service configuration, share
 * connections between channels, send a call again, and keep statistics of it all.
 */
const OPTIONS: ChannelOptions = {
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_retries": 0,
  "grpc.enable_channelz": 0,
};

/** How grpc-js wraps the reason of a connection that did not come about. */
const NOT_CONNECTED = /^No connection established\. Last error: (.*)\. Resolution note: /s;

/** Connects when the first call is made. */
export class PinnedChannel {
  readonly #credentials: PinnedCredentials;
  readonly #client: Client;

  /** @throws {WireError} when the endpoint is not `host:port` */
  constructor({ endpoint, pin, clock = systemClock }: Dial) {
    const host = /^(.+):\d{1,5}$/.exec(endpoint)?.[1];
    if (host === undefined) throw new WireError("transport", `"${endpoint}" is not host:port`);
    this.#credentials = new PinnedCredentials({ pin, host: hostLiteral(host), clock });
    this.#client = new Client(`dns:${endpoint}`, this.#credentials, OPTIONS);
  }

  /** Resolves when the connection stands and its certificate matches the pin; never rejects. */
  get verified(): Promise<void> {
    return this.#credentials.verified;
  }

  stream<Request, Response>(
    method: MethodDefinition<Request, Response>,
    metadata: Metadata,
  ): ClientDuplexStream<Request, Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
    );
  }

  unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    callback: requestCallback<Response>,
  ): ClientUnaryCall {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      callback,
    );
  }

  /** Why there was no connection; `null` when there was one and `status` is the call's. */
  connectFailure({ details }: Pick<StatusObject, "details">): WireError | null {
    const { failure, isVerified } = this.#credentials;
    if (failure !== null) return new WireError("tls", failure.message, { cause: failure });
    const reason = NOT_CONNECTED.exec(details)?.[1];
    if (isVerified && reason === undefined) return null;
    const text = (reason ?? details)
      .replace(/^\w*Error: /, "")
      .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, "");
    return new WireError("transport", text);
  }

  close(): void {
    this.#client.close();
  }
}
