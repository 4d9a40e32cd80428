/**
 * One control session of an enrolled client: Hello, Welcome, replay, updates, stats, until the
 * stream ends. Reconnecting is `control_loop.ts`'s business.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { SESSION } from "../core/limits.ts";
import { BoundedQueue } from "../core/queue.ts";
import { PROTOCOL_VERSION, VERSION } from "../core/version.ts";
import { ruleFromWire } from "../wire/convert.ts";
import {
  ActivationOutcome,
  type ClientMessage,
  ClientMessageSchema,
  Protocol,
  RuleAction,
  type RuleUpdate,
  type ServerMessage,
  type Welcome,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { REPLAY_COUNT_HEADER, REPLAY_REQUEST_PREFIX } from "../wire/replay.ts";
import { type ClientStream, WireError } from "../wire/streams.ts";
import { applyOwnerLimits, applyQuota } from "./owner_updates.ts";
import { udpFromWelcome } from "./client_state.ts";
import { ReplayWatch } from "./replay_watch.ts";
import type { RuleReport, RuleTable } from "./rule_table.ts";
import { statsReport } from "./stats.ts";

/** How long the server may take to end the stream after the client has ended its side. */
const CLOSE_GRACE_MS = 2_000;

export interface SessionOptions {
  readonly stream: ClientStream;
  readonly table: RuleTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly statsIntervalMs: number;
  /** Called once the server has answered with Welcome. */
  readonly onConnected: () => void;
  /** When aborted, rules are drained while the stream is up, then the session ends. */
  readonly stop: AbortSignal;
  /** When aborted, the session ends. */
  readonly leave?: AbortSignal | undefined;
}

/**
 * Runs the session until the server ends it, or until `stop`.
 *
 * @throws {WireError} when the stream breaks, or does not begin with Welcome
 */
export async function runSession(options: SessionOptions): Promise<void> {
  const { stream, table, logger } = options;
  const outbound = new BoundedQueue<ClientMessage>(SESSION.clientOutboundMax);
  const sender = sendAll(outbound, stream);
  using cleanup = new DisposableStack();
  cleanup.defer(() => outbound.close());
  try {
    await outbound.push(hello());
    const incoming = stream.incoming[Symbol.asyncIterator]();
    const welcome = await awaitWelcome(incoming, options);
    logger.info("control.connected", {
      server_version: welcome.serverVersion,
      udp_flow_idle_secs: welcome.udpFlowIdleSecs,
      udp_max_flows_per_rule: welcome.udpMaxFlowsPerRule,
    });
    options.onConnected();

    table.useUdp(udpFromWelcome(welcome));
    table.reportTo(async (report) => {
      if (!await outbound.push(ruleStatus(report))) logger.warn("control.status_send_failed");
    });
    cleanup.defer(() => table.reportTo(null));
    await table.beginReplay();
    const replay = cleanup.use(watchReplay(await announcedReplay(stream), options));
    cleanup.use(reportStats(outbound, options));
    cleanup.use(drainOnStop(outbound, options));
    cleanup.use(endOnLeave(outbound, options));

    for (let next = await incoming.next(); !next.done; next = await incoming.next()) {
      await dispatch(next.value, options, replay);
    }
  } finally {
    outbound.close();
    // What has failed here may not be over for the server.
    stream.cancel();
    await sender;
  }
}

/** On `stop`: removes every rule, tells the server, and ends the client's side of the stream. */
function drainOnStop(outbound: BoundedQueue<ClientMessage>, options: SessionOptions): Disposable {
  const { stop, table, stream, clock } = options;
  let over = false;
  let deadline: Disposable | null = null;
  const cancelIn = (ms: number) => {
    deadline?.[Symbol.dispose]();
    if (!over) deadline = clock.timer(ms, () => stream.cancel());
  };
  const drain = async () => {
    // A server that has stopped reading must not keep the client from stopping.
    cancelIn(table.drainMs + CLOSE_GRACE_MS);
    await table.closeAll();
    outbound.close();
    cancelIn(CLOSE_GRACE_MS);
  };
  const onStop = () => void drain();
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop, { once: true });
  return {
    [Symbol.dispose]() {
      over = true;
      stop.removeEventListener("abort", onStop);
      deadline?.[Symbol.dispose]();
    },
  };
}

/** On `leave`: ends the client's side of the stream. */
function endOnLeave(
  outbound: BoundedQueue<ClientMessage>,
  { leave, stream, clock }: SessionOptions,
): Disposable {
  let deadline: Disposable | null = null;
  const onLeave = () => {
    outbound.close();
    deadline = clock.timer(CLOSE_GRACE_MS, () => stream.cancel());
  };
  if (leave?.aborted) onLeave();
  else leave?.addEventListener("abort", onLeave, { once: true });
  return {
    [Symbol.dispose]() {
      leave?.removeEventListener("abort", onLeave);
      deadline?.[Symbol.dispose]();
    },
  };
}

/** Drains the outbound queue into the stream; a broken stream is reported by its reading side. */
async function sendAll(outbound: BoundedQueue<ClientMessage>, stream: ClientStream): Promise<void> {
  try {
    for await (const message of outbound) await stream.send(message);
    stream.close();
  } catch {
    outbound.close();
  }
}

function hello(): ClientMessage {
  return create(ClientMessageSchema, {
    payload: {
      case: "hello",
      value: {
        protocolVersion: PROTOCOL_VERSION,
        clientVersion: VERSION,
        supportedProtocols: [Protocol.TCP, Protocol.UDP],
      },
    },
  });
}

async function awaitWelcome(
  incoming: AsyncIterator<ServerMessage>,
  { clock, stream }: SessionOptions,
): Promise<Welcome> {
  const late = new WireError("transport", `no Welcome within ${SESSION.welcomeTimeoutSecs} s`);
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  using _timer = clock.timer(SESSION.welcomeTimeoutSecs * 1_000, () => {
    reject(late);
    stream.cancel();
  });
  const first = await Promise.race([incoming.next(), timeout]);
  if (first.done || first.value.payload.case !== "welcome") throw new WireError("welcome_missing");
  return first.value.payload.value;
}

/** Gives up what the replay does not name, a kind at a time. */
function watchReplay(announced: number | null, { table, clock }: SessionOptions): ReplayWatch {
  return new ReplayWatch({
    announced,
    clock,
    ends: {
      // Who announces replays also replays every quota.
      quotas: () => table.owners.endQuotas({ isReplayComplete: announced !== null }),
      rules: () => void table.endReplay(),
      caps: () => table.owners.endCaps(),
    },
  });
}

/** How many rules the replay has, or `null` from a server that does not say (3.1.0). */
async function announcedReplay(stream: ClientStream): Promise<number | null> {
  const text = (await stream.headers).get(REPLAY_COUNT_HEADER);
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

async function dispatch(
  message: ServerMessage,
  options: SessionOptions,
  replay: ReplayWatch,
): Promise<void> {
  const { table, logger } = options;
  const { payload } = message;
  switch (payload.case) {
    case "ruleUpdate":
      await applyRuleUpdate(payload.value, options);
      if (payload.value.requestId.startsWith(REPLAY_REQUEST_PREFIX)) replay.sawRule();
      return;
    case "ownerRateLimitUpdate":
      applyOwnerLimits(payload.value, table.owners, logger);
      replay.sawOwner();
      return;
    case "trafficQuotaUpdate":
      applyQuota(payload.value, table.owners, logger);
      replay.sawOwner();
      return;
    case "welcome":
    case undefined:
      return;
    default:
      payload satisfies never;
  }
}

async function applyRuleUpdate(
  update: RuleUpdate,
  { table, logger }: SessionOptions,
): Promise<void> {
  const { requestId, action, rule } = update;
  if (!rule) {
    logger.warn("control.rule_update_missing_rule", { request_id: requestId });
    return;
  }
  const context = { request_id: requestId, rule_id: `${rule.ruleId}` };
  switch (action) {
    case RuleAction.PUSH: {
      const read = ruleFromWire(rule);
      if (!read.ok) {
        const event = read.reason === "range_invalid"
          ? "control.rule_push_invalid_range"
          : "control.rule_push_invalid_target";
        logger.warn(event, { ...context, error: read.reason });
        return await table.refuse(requestId, rule.ruleId, read.reason);
      }
      const kind = requestId.startsWith(REPLAY_REQUEST_PREFIX) ? "replay" : "command";
      return await table.push(requestId, read.spec, kind);
    }
    case RuleAction.REMOVE:
      return await table.remove(requestId, rule.ruleId);
    default:
      logger.warn("control.rule_update_unspecified_action", context);
  }
}

/** Sends the counters every interval; a report that has to wait delays the ones after it. */
function reportStats(outbound: BoundedQueue<ClientMessage>, options: SessionOptions): Disposable {
  const { clock, table, logger, statsIntervalMs } = options;
  let timer: Disposable;
  const tick = async () => {
    const report = statsReport(clock.now(), table.counters());
    if (report !== null && !await outbound.push(report)) {
      logger.warn("control.stats_send_failed", { error: "the stream is closed" });
    }
    if (!stopped) timer = clock.timer(statsIntervalMs, () => void tick());
  };
  let stopped = false;
  timer = clock.timer(statsIntervalMs, () => void tick());
  return {
    [Symbol.dispose]() {
      stopped = true;
      timer[Symbol.dispose]();
    },
  };
}

function ruleStatus({ requestId, ruleId, outcome, reason }: RuleReport): ClientMessage {
  const outcomes = {
    activated: ActivationOutcome.ACTIVATED,
    failed: ActivationOutcome.FAILED,
    removed: ActivationOutcome.REMOVED,
  } as const;
  return create(ClientMessageSchema, {
    payload: {
      case: "ruleStatus",
      value: { requestId, ruleId, outcome: outcomes[outcome], reason: reason ?? "" },
    },
  });
}
