/**
 * The control listener: gRPC over TLS, sessions and enrollment on one port.
 *
 * @module
 */

import * as grpc from "@grpc/grpc-js";
import type { SocketAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { GRPC_STATUS, grpcStatus, PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { systemClock } from "../system/clock.ts";
import { readBearer } from "./bearer.ts";
import type {
  ClientMessage,
  CredentialBundle,
  EnrollClientRequest,
  ServerMessage,
} from "./gen/portunus/v1/portunus_pb.ts";
import { STATUS_OK, statusOf } from "./grpc_status.ts";
import { Http2Socket } from "./http2_socket.ts";
import { CHANNEL, ENROLL } from "./methods.ts";
import type { CertificatePair } from "./self_signed.ts";
import { GrpcServerStream } from "./server_stream.ts";
import { guardStreams } from "./stream_guard.ts";
import { type ControlHandlers, WireError } from "./streams.ts";
import { listenTls, type TlsLimits, type Use } from "./tls_listener.ts";

/** Why a bearer token was refused: the label of `portunus_auth_failures_total`. */
export type AuthFailureReason =
  | "missing_token"
  | "malformed_token"
  | "token_not_found"
  | "token_revoked"
  | "internal_error";

export interface ControlServerOptions<Identity> {
  /** An IP address, and a port; port 0 lets the system choose. */
  readonly listen: SocketAddress;
  readonly tls: CertificatePair;
  readonly handlers: ControlHandlers<Identity>;
  /** Called once for every refused session, before the refusal is sent. */
  readonly onAuthFailure: (reason: AuthFailureReason) => void;
  readonly logger: Logger;
  /** @default {systemClock} */
  readonly clock?: Clock;
  /** @default {CONTROL_CONNECTIONS} */
  readonly limits?: TlsLimits;
}

export interface ControlServer extends AsyncDisposable {
  /** Where it listens, with the port that was chosen. */
  readonly address: SocketAddress;
  /** New connections get this certificate; established ones go on. */
  useCertificate(pair: CertificatePair): void;
  /**
   * Stops listening, ends every session with status OK and waits until they have left. What is
   * still there after `graceMs` is cut. Disposing is stopping without grace.
   */
  stop(graceMs: number): Promise<void>;
}

/** A client has one call at a time; the bound is the least that HTTP/2 recommends. */
const OPTIONS: grpc.ServerOptions = {
  "grpc.max_concurrent_streams": 100,
  "grpc.enable_channelz": 0,
};

/**
 * Binds the listener and serves until stopped.
 *
 * @throws {Error} when the address cannot be bound, with the system's message
 */
export function startControlServer<Identity>(
  options: ControlServerOptions<Identity>,
): ControlServer {
  const { listen, tls, clock = systemClock } = options;
  const sessions = new Sessions(options, (peer) => listener.use(peer));
  const server = new grpc.Server(OPTIONS);
  server.addService({ Channel: CHANNEL }, {
    Channel: (call: ChannelCall) => sessions.serve(new GrpcServerStream(call), call.metadata),
  });
  server.addService({ Enroll: ENROLL }, {
    Enroll: (call: EnrollCall, answer: EnrollAnswer) => serveEnroll(options, call, answer),
  });
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  guardStreams(server);
  const listener = listenTls({
    listen,
    tls,
    clock,
    logger: options.logger,
    limits: options.limits,
    onConnection: (socket, tcp) =>
      injector.injectConnection(new Http2Socket(socket, { peer: "client", clock, ends: tcp })),
  });
  let stopped: Promise<void> | null = null;
  const stop = async (graceMs: number): Promise<void> => {
    const { promise: drained, resolve: onDrained } = Promise.withResolvers<void>();
    const disconnected = listener.drain();
    server.tryShutdown(() => onDrained());
    const ended = sessions.endAll();
    const { promise: late, resolve: onLate } = Promise.withResolvers<void>();
    using _ = clock.timer(graceMs, onLate);
    await Promise.race([Promise.all([ended, drained, disconnected]), late]);
    server.forceShutdown();
    await listener.close();
  };
  return {
    address: listener.address,
    useCertificate: (pair) => listener.useCertificate(pair),
    stop: (graceMs) => stopped ??= stop(graceMs),
    [Symbol.asyncDispose]: () => stopped ??= stop(0),
  };
}

type ChannelCall = grpc.ServerDuplexStream<ClientMessage, ServerMessage>;
type EnrollCall = grpc.ServerUnaryCall<EnrollClientRequest, CredentialBundle>;
type EnrollAnswer = grpc.sendUnaryData<CredentialBundle>;

/** The control sessions of one listener. */
class Sessions<Identity> {
  readonly #options: ControlServerOptions<Identity>;
  readonly #useConnection: (peer: string) => Use;
  readonly #live = new Map<GrpcServerStream, Promise<void>>();

  constructor(options: ControlServerOptions<Identity>, useConnection: (peer: string) => Use) {
    this.#options = options;
    this.#useConnection = useConnection;
  }

  serve(stream: GrpcServerStream, metadata: grpc.Metadata): void {
    const session = this.#run(stream, metadata).finally(() => this.#live.delete(stream));
    this.#live.set(stream, session);
  }

  /** Ends all of them with status OK; resolves when the last one has returned. */
  async endAll(): Promise<void> {
    for (const stream of this.#live.keys()) stream.finish(STATUS_OK);
    await Promise.all(this.#live.values());
  }

  async #run(stream: GrpcServerStream, metadata: grpc.Metadata): Promise<void> {
    const { handlers, logger } = this.#options;
    try {
      const identity = await this.#authenticate(stream, metadata);
      using _ = this.#useConnection(stream.peer);
      if (!stream.closed.aborted) await handlers.session(identity, stream);
      stream.finish(STATUS_OK);
    } catch (error) {
      if (!(error instanceof PortunusError || error instanceof WireError)) {
        logger.error("client.session_failed", { peer: stream.peer, error: String(error) });
      }
      stream.finish(statusOf(error));
    }
  }

  async #authenticate(stream: GrpcServerStream, metadata: grpc.Metadata): Promise<Identity> {
    const { handlers, onAuthFailure, logger } = this.#options;
    try {
      return await handlers.authenticate(readBearer(metadata.get("authorization")[0]?.toString()));
    } catch (error) {
      const refusal = asRefusal(error);
      const reason = failureReason(refusal);
      onAuthFailure(reason);
      logger.warn("auth.failure", {
        reason,
        remote_addr: stream.peer,
        error: refusal === error ? undefined : String(error),
      });
      throw refusal;
    }
  }
}

/** What the store cannot answer is a refusal as well; the client tries again. */
function asRefusal(error: unknown): PortunusError {
  return error instanceof PortunusError && grpcStatus(error.code) === GRPC_STATUS.UNAUTHENTICATED
    ? error
    : new PortunusError("token_verify_error", undefined, { cause: error });
}

function failureReason({ code }: PortunusError): AuthFailureReason {
  switch (code) {
    case "missing_token":
    case "malformed_token":
    case "token_not_found":
    case "token_revoked":
      return code;
    default:
      return "internal_error";
  }
}

function serveEnroll(
  { handlers, logger }: Pick<ControlServerOptions<unknown>, "handlers" | "logger">,
  call: EnrollCall,
  answer: EnrollAnswer,
): void {
  void handlers.enroll(call.request.code).then(
    (bundle) => answer(null, bundle),
    (error: unknown) => {
      if (!(error instanceof PortunusError)) {
        logger.error("client.enrollment_failed", { error: String(error) });
      }
      answer(statusOf(error));
    },
  );
}
