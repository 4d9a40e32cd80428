import { create } from "@bufbuild/protobuf";
import type { RuleCounters } from "../forward/forwarder.ts";
import {
  type ClientMessage,
  ClientMessageSchema,
  RuleStatsSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";

/** The report of all rules' counters, as the server wants it every few seconds. */
export function statsReport(nowMs: number, rules: readonly RuleCounters[]): ClientMessage {
  const stats = rules.map(({ ruleId, perPort, ...counters }) =>
    create(RuleStatsSchema, { ruleId, ...counters, perPort: [...perPort] })
  );
  return create(ClientMessageSchema, {
    payload: { case: "statsReport", value: { sentAtUnixMs: BigInt(nowMs), stats } },
  });
}
