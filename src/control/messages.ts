/**
 * Messages about rules from server to client.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import type { RuleSpec } from "../core/rule.ts";
import { removeToWire, ruleToWire } from "../wire/convert.ts";
import {
  type Rule,
  RuleAction,
  type ServerMessage,
  ServerMessageSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";

/** PUSH: run this rule, or, where it runs already, use these caps. */
export function pushMessage(requestId: string, spec: RuleSpec): ServerMessage {
  return ruleUpdate(requestId, RuleAction.PUSH, ruleToWire(spec));
}

/** REMOVE: stop this rule. */
export function removeMessage(requestId: string, spec: RuleSpec): ServerMessage {
  return ruleUpdate(requestId, RuleAction.REMOVE, removeToWire(spec));
}

function ruleUpdate(requestId: string, action: RuleAction, rule: Rule): ServerMessage {
  return create(ServerMessageSchema, {
    payload: { case: "ruleUpdate", value: { requestId, action, rule } },
  });
}
