/** A control server on loopback, and the client's side of talking to it. */

import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { formatSocketAddress } from "../../src/core/address.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { LogFields, Logger } from "../../src/core/log.ts";
import { systemRandom } from "../../src/system/random.ts";
import { fingerprint } from "../../src/wire/certificate.ts";
import { openControlStream, redeemEnrollment } from "../../src/wire/control_client.ts";
import { type ControlServer, startControlServer } from "../../src/wire/control_server.ts";
import {
  type ClientMessage,
  ClientMessageSchema,
  CredentialBundleSchema,
  type ServerMessage,
  ServerMessageSchema,
} from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { type CertificatePair, generateSelfSigned } from "../../src/wire/self_signed.ts";
import type { TlsLimits } from "../../src/wire/tls_listener.ts";
import {
  type ClientStream,
  type ControlHandlers,
  type ServerStream,
  WireError,
  type WireErrorKind,
} from "../../src/wire/streams.ts";

/** A certificate good for `names`, made at `nowMs`. */
export function certificate(
  options: { readonly names?: readonly string[]; readonly nowMs?: number } = {},
): Promise<CertificatePair> {
  const { names = ["localhost", "127.0.0.1"], nowMs = Date.now() } = options;
  return generateSelfSigned({ commonName: "test", names, nowMs, random: systemRandom });
}

const shared = await certificate();

/** 64 KiB of text, and more such messages than any window holds. */
export const BLOCK = "x".repeat(64 * 1024);
export const BLOCKS = 400;

/** A server under test and what it told its surroundings. */
export interface TestServer extends AsyncDisposable {
  readonly server: ControlServer;
  readonly endpoint: string;
  readonly pin: string;
  readonly port: number;
  /** Reasons given to `onAuthFailure`. */
  readonly authFailures: string[];
  /** Tokens that got as far as `authenticate`. */
  readonly tokens: string[];
  readonly events: { readonly event: string; readonly fields: LogFields }[];
}

export interface TestServerOptions extends Partial<ControlHandlers<string>> {
  readonly host?: string;
  /** The host to dial, where it is not `host`. */
  readonly dial?: string;
  readonly pair?: CertificatePair;
  readonly clock?: Clock;
  readonly limits?: TlsLimits;
}

/** Starts a server whose sessions answer every message with a Welcome, unless told otherwise. */
export function startServer(options: TestServerOptions = {}): TestServer {
  const { host = "127.0.0.1", dial = host, pair = shared } = options;
  const authFailures: string[] = [];
  const tokens: string[] = [];
  const events: { event: string; fields: LogFields }[] = [];
  const server = startControlServer<string>({
    listen: { host, port: 0 },
    tls: pair,
    handlers: {
      authenticate(token) {
        tokens.push(token);
        return options.authenticate?.(token) ?? token;
      },
      session: options.session ?? echo,
      enroll: options.enroll ??
        (() => Promise.resolve(create(CredentialBundleSchema, { version: 1 }))),
    },
    onAuthFailure: (reason) => authFailures.push(reason),
    logger: recorder(events),
    ...(options.clock && { clock: options.clock }),
    ...(options.limits && { limits: options.limits }),
  });
  const { port } = server.address;
  return {
    server,
    endpoint: formatSocketAddress({ host: dial, port }),
    pin: fingerprint(pair.certPem),
    port,
    authFailures,
    tokens,
    events,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function echo(_identity: string, stream: ServerStream): Promise<void> {
  for await (const _ of stream.incoming) await stream.send(welcome());
}

function recorder(events: { event: string; fields: LogFields }[]): Logger {
  const log = (event: string, fields: LogFields = {}) => events.push({ event, fields });
  return {
    log: (_level, event, fields) => log(event, fields),
    error: log,
    warn: log,
    info: log,
    debug: log,
    enabled: () => true,
    child: () => recorder(events),
  };
}

/** A signal that never fires. */
export const never: AbortSignal = new AbortController().signal;

/** Opens a stream to `server`. */
export function open(
  { endpoint, pin }: Pick<TestServer, "endpoint" | "pin">,
  options: { readonly bearer?: string; readonly signal?: AbortSignal } = {},
): Promise<ClientStream> {
  const { bearer = "good", signal = never } = options;
  return openControlStream({ endpoint, pin, bearer, signal });
}

/** A client's first message; `version` tells messages apart. */
export function hello(version = "3.2.0"): ClientMessage {
  return create(ClientMessageSchema, {
    payload: { case: "hello", value: { clientVersion: version } },
  });
}

export function welcome(version = "3.2.0"): ServerMessage {
  return create(ServerMessageSchema, {
    payload: { case: "welcome", value: { serverVersion: version } },
  });
}

/** The text that {@linkcode hello} or {@linkcode welcome} was made with. */
export function versionOf({ payload }: ClientMessage | ServerMessage): string {
  if (payload.case === "hello") return payload.value.clientVersion;
  assert.equal(payload.case, "welcome");
  return payload.value.serverVersion;
}

/** Everything `stream` still brings, as {@linkcode versionOf} reads it. */
export async function readAll(
  stream: Pick<ClientStream, "incoming"> | Pick<ServerStream, "incoming">,
): Promise<string[]> {
  const versions: string[] = [];
  for await (const message of stream.incoming) versions.push(versionOf(message));
  return versions;
}

/** A check for `assert.rejects`: a `WireError` of this kind and exact message. */
export function wireError(
  kind: WireErrorKind,
  message: string | RegExp,
  terminal = false,
): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof WireError, `${error}`);
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.equal(error.kind, kind);
    assert.equal(error.terminal, terminal);
    return true;
  };
}

/** A session handler that hands its stream to the test and runs until the test ends it. */
export function captured() {
  const started = Promise.withResolvers<ServerStream>();
  const finish = Promise.withResolvers<void>();
  return {
    stream: started.promise,
    finish: () => finish.resolve(),
    fail: (error: Error) => finish.reject(error),
    session(_identity: string, stream: ServerStream): Promise<void> {
      started.resolve(stream);
      return finish.promise;
    },
  };
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

/** Several whole calls on another connection: time for whatever is in flight to arrive. */
export async function settle(server: TestServer): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await redeemEnrollment({ ...server, code: "x", signal: never });
  }
}
