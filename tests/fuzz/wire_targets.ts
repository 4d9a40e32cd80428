/**
 * Messages of the other side. What is no protobuf at all, gRPC refuses before we see it; whatever
 * is, must be answered.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { ruleFromWire, ruleToWire } from "../../src/wire/convert.ts";
import {
  ClientMessageSchema,
  RuleSchema,
  ServerMessageSchema,
} from "../../src/wire/gen/portunus/v1/portunus_pb.ts";

/** A message, or `null` where the bytes are none. */
function read<T extends DescMessage>(type: T, input: Uint8Array): MessageShape<T> | null {
  try {
    return fromBinary(type, input, { readUnknownFields: false });
  } catch {
    return null;
  }
}

/** A rule is taken or refused with a reason, and one that was taken survives the way back. */
export function ruleFromBytes(input: Uint8Array): void {
  const rule = read(RuleSchema, input);
  if (rule === null) return;
  const result = ruleFromWire(rule);
  if (!result.ok) {
    assert.match(result.reason, /^(range_invalid|invalid_target_host|target_invalid_port:\d+)$/);
    return;
  }
  assert.deepEqual(ruleFromWire(ruleToWire(result.spec)), result);
}

/** Messages of either direction settle: what was read and written reads as the same. */
export function messageFromBytes(input: Uint8Array): void {
  for (const type of [ServerMessageSchema, ClientMessageSchema]) {
    const message = read(type, input);
    if (message === null) continue;
    const bytes = toBinary(type, message);
    assert.equal(toBinary(type, fromBinary(type, bytes)).toHex(), bytes.toHex());
  }
}
