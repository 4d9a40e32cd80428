/**
 * What the gRPC server does with calls: authenticates clients, runs their sessions, redeems codes.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Protocol } from "../core/rule.ts";
import { untilAborted } from "../core/until_aborted.ts";
import { VERSION } from "../core/version.ts";
import type { ClientRepository } from "../store/clients.ts";
import type { StoredRule } from "../store/rules.ts";
import { hashSecret } from "../system/secret_hash.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { TrafficAccounting } from "../traffic/accounting.ts";
import type { RuleStatsCache } from "../traffic/rule_stats.ts";
import {
  type ClientMessage,
  type Hello,
  Protocol as WireProtocol,
  type ServerMessage,
  ServerMessageSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { REPLAY_COUNT_HEADER } from "../wire/replay.ts";
import { type ControlHandlers, type ServerStream, WireError } from "../wire/streams.ts";
import type { EnrollmentService } from "./enrollment.ts";
import type { SessionRegistry } from "./registry.ts";
import type { ReplaySource } from "./replay.ts";
import type { RuleService } from "./rules.ts";
import type { ClientIdentity, Session } from "./session.ts";

export interface ControlPlaneOptions {
  readonly clients: ClientRepository;
  readonly enrollment: EnrollmentService;
  readonly registry: SessionRegistry;
  readonly rules: RuleService;
  /** What a client is told beside its rules, in the order that spec `wire.md` §4.4 gives. */
  readonly replay: {
    readonly beforeRules: readonly ReplaySource[];
    readonly afterRules: readonly ReplaySource[];
  };
  readonly stats: RuleStatsCache;
  readonly accounting: Pick<TrafficAccounting, "record">;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly udpFlowIdleSecs: number;
  readonly udpMaxFlowsPerRule: number;
}

export class ControlPlane implements ControlHandlers<ClientIdentity> {
  readonly #options: ControlPlaneOptions;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
  }

  authenticate(token: string): ClientIdentity {
    const row = this.#lookUp(token);
    if (!row) throw new PortunusError("token_not_found");
    if (row.revokedAt !== null) throw new PortunusError("token_revoked");
    return { clientId: row.clientId, clientName: row.clientName };
  }

  enroll(code: string) {
    return Promise.try(() => this.#options.enrollment.redeem(code));
  }

  async session(identity: ClientIdentity, stream: ServerStream): Promise<void> {
    const { registry, metrics, logger } = this.#options;
    const session = registry.register(identity, stream.peer);
    metrics.setClientsConnected(registry.size);
    const about = { client_name: session.clientName, session_id: session.sessionId };
    try {
      await this.#run(session, stream);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      logger.warn("client.transport_error", {
        client_name: session.clientName,
        error: error.message,
      });
    } finally {
      registry.unregister(session);
      metrics.setClientsConnected(registry.size);
      logger.info("client.disconnected", about);
    }
  }

  #lookUp(token: string) {
    try {
      return this.#options.clients.findByTokenHash(hashSecret(token));
    } catch (cause) {
      throw new PortunusError("token_verify_error", undefined, { cause });
    }
  }

  /** Greets, replays, then reads until the client leaves or the session is cancelled. */
  async #run(session: Session, stream: ServerStream): Promise<void> {
    const incoming = untilAborted(stream.incoming, session.cancelled);
    const first = await incoming.next();
    if (session.cancelled.aborted) return;
    if (first.done) throw new PortunusError("client_dropped_before_hello");
    const { payload } = first.value;
    if (payload.case === "hello") this.#onHello(session, payload.value);
    this.#logConnected(session);

    const replay = this.#options.rules.beginReplay(session);
    stream.setHeader(REPLAY_COUNT_HEADER, `${replay.length}`);
    const sent = sendAll(session, stream);
    const greeted = this.#greet(session, replay, first.value);
    // Answers to the replay are read while it is sent: its client must not get stuck on them.
    for await (const message of incoming) this.#onMessage(session, message);
    session.outbound.close();
    // A cancelled session ends at once, also when its client has stopped reading.
    await Promise.race([Promise.all([greeted, sent]), aborted(session.cancelled)]);
  }

  /** Sends Welcome and the replay; a first message that is no Hello is looked at after them. */
  async #greet(
    session: Session,
    replay: readonly StoredRule[],
    first: ClientMessage,
  ): Promise<void> {
    const { rules, replay: { beforeRules, afterRules } } = this.#options;
    const welcome = session.send(this.#welcome());
    session.welcomed = true;
    if (!await welcome) return;
    const rulesReplay: ReplaySource = { replay: (to) => rules.sendReplay(to, replay) };
    for (const source of [...beforeRules, rulesReplay, ...afterRules]) {
      if (!await source.replay(session)) return;
    }
    if (first.payload.case !== "hello") this.#onMessage(session, first);
  }

  #onHello(session: Session, hello: Hello): void {
    const protocols = new Set<Protocol>();
    for (const protocol of hello.supportedProtocols) {
      if (protocol === WireProtocol.TCP) protocols.add("tcp");
      if (protocol === WireProtocol.UDP) protocols.add("udp");
    }
    session.protocols = protocols;
    session.version = hello.clientVersion === "" ? null : hello.clientVersion;
    this.#options.logger.info("client.hello", {
      client_name: session.clientName,
      protocol_version: hello.protocolVersion,
      client_version: hello.clientVersion,
      supported_protocols: protocolNames(protocols),
    });
  }

  #onMessage(session: Session, { payload }: ClientMessage): void {
    const { accounting, logger, rules, stats } = this.#options;
    switch (payload.case) {
      case "hello":
        logger.warn("client.hello_after_welcome", {
          client_name: session.clientName,
          protocol_version: payload.value.protocolVersion,
          client_version: payload.value.clientVersion,
        });
        return;
      case "ruleStatus":
        return rules.onStatus(session, payload.value);
      case "statsReport":
        stats.record(session, payload.value);
        accounting.record(session, payload.value.stats);
        logger.info("client.stats_report", {
          client_name: session.clientName,
          rule_count: payload.value.stats.length,
          sent_at_unix_ms: payload.value.sentAtUnixMs,
        });
        return;
      case undefined:
        return;
      default:
        payload satisfies never;
    }
  }

  #welcome(): ServerMessage {
    const { clock, udpFlowIdleSecs, udpMaxFlowsPerRule } = this.#options;
    return create(ServerMessageSchema, {
      payload: {
        case: "welcome",
        value: {
          serverVersion: VERSION,
          serverTimeUnixMs: BigInt(clock.now()),
          udpFlowIdleSecs,
          udpMaxFlowsPerRule,
        },
      },
    });
  }

  #logConnected(session: Session): void {
    this.#options.logger.info("client.connected", {
      client_name: session.clientName,
      remote_addr: `Some(${session.remoteAddr})`,
      session_id: session.sessionId,
      supported_protocols: protocolNames(session.protocols),
    });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}

/** Drains the session's queue into the stream. That a stream broke is told by its reading end. */
async function sendAll(session: Session, stream: ServerStream): Promise<void> {
  try {
    for await (const message of session.outbound) await stream.send(message);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    session.outbound.close();
  }
}

/** Sorted names in the debug form that 3.1.0 logs, for example `["TCP", "UDP"]`. */
function protocolNames(protocols: ReadonlySet<Protocol>): string {
  return `[${[...protocols].map((it) => `"${it.toUpperCase()}"`).sort().join(", ")}]`;
}
