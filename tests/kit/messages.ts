/** Messages of the control session, as tests say them. */

import assert from "node:assert/strict";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { RuleSpec } from "../../src/core/rule.ts";
import { ruleToWire } from "../../src/wire/convert.ts";
import {
  ActivationOutcome,
  type ClientMessage,
  ClientMessageSchema,
  type PerPortStats,
  PerPortStatsSchema,
  type PerTargetStats,
  PerTargetStatsSchema,
  Protocol,
  RuleAction,
  type RuleStatsSchema,
  type RuleStatus,
  RuleStatusSchema,
  type RuleUpdate,
  type RuleUpdateSchema,
  type ServerMessage,
  ServerMessageSchema,
  type StatsReport,
  StatsReportSchema,
} from "../../src/wire/gen/portunus/v1/portunus_pb.ts";

export type RuleStatsInit = MessageInitShape<typeof RuleStatsSchema>;
type StatusInit = Exclude<MessageInitShape<typeof RuleStatusSchema>, RuleStatus>;

export function hello(
  clientVersion = "3.1.0",
  supportedProtocols = [Protocol.TCP, Protocol.UDP],
): ClientMessage {
  return create(ClientMessageSchema, {
    payload: {
      case: "hello",
      value: { protocolVersion: "1.0.0", clientVersion, supportedProtocols },
    },
  });
}

/** A status; ACTIVATED unless told otherwise. */
export function ruleStatus(init: StatusInit): RuleStatus {
  return create(RuleStatusSchema, { outcome: ActivationOutcome.ACTIVATED, ...init });
}

export function statusMessage(init: StatusInit): ClientMessage {
  return create(ClientMessageSchema, {
    payload: { case: "ruleStatus", value: ruleStatus(init) },
  });
}

export function portStats(init: MessageInitShape<typeof PerPortStatsSchema>): PerPortStats {
  return create(PerPortStatsSchema, init);
}

export function targetStats(init: MessageInitShape<typeof PerTargetStatsSchema>): PerTargetStats {
  return create(PerTargetStatsSchema, init);
}

/** A report of these rules' counters. */
export function statsReport(...stats: readonly RuleStatsInit[]): StatsReport {
  return create(StatsReportSchema, { sentAtUnixMs: 1n, stats: [...stats] });
}

export function statsMessage(...stats: readonly RuleStatsInit[]): ClientMessage {
  return create(ClientMessageSchema, {
    payload: { case: "statsReport", value: statsReport(...stats) },
  });
}

export function welcome(
  udp: { readonly udpFlowIdleSecs?: number; readonly udpMaxFlowsPerRule?: number } = {},
): ServerMessage {
  return create(ServerMessageSchema, {
    payload: { case: "welcome", value: { serverVersion: "3.1.0", udpFlowIdleSecs: 60, ...udp } },
  });
}

/** The rule update in `message`; fails the test when it is something else. */
export function updateOf(message: ServerMessage | undefined): RuleUpdate {
  assert.equal(message?.payload.case, "ruleUpdate");
  return message.payload.value as RuleUpdate;
}

/** The id of the rule that `message` is about. */
export function ruleIdOf(message: ServerMessage | undefined): bigint {
  const { rule } = updateOf(message);
  assert.ok(rule);
  return rule.ruleId;
}

/** A RuleUpdate; PUSH of `spec` unless told otherwise. */
export function ruleUpdate(
  requestId: string,
  spec: RuleSpec,
  action: RuleAction = RuleAction.PUSH,
): ServerMessage {
  return serverMessage({ requestId, action, rule: ruleToWire(spec) });
}

/** A RuleUpdate as it stands on the wire. */
export function serverMessage(value: MessageInitShape<typeof RuleUpdateSchema>): ServerMessage {
  return create(ServerMessageSchema, { payload: { case: "ruleUpdate", value } });
}

/** `<request id> <rule id> <OUTCOME> <reason>` of a status; fails the test when it is none. */
export function statusText(message: ClientMessage | undefined): string {
  assert.equal(message?.payload.case, "ruleStatus");
  const { requestId, ruleId, outcome, reason } = message.payload.value as RuleStatus;
  return `${requestId} ${ruleId} ${ActivationOutcome[outcome]} ${reason}`.trimEnd();
}
