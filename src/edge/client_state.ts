/**
 * What a client was last told to do, as a file keeps it: JSON of
 *
 * - `version`: 1
 * - `client`: id of the client, or its name where the bundle has no id
 * - `server_cert_sha256`: the server's pin
 * - `welcome`, `rules`, `owner_rate_limits`, `traffic_quotas`: messages of the protocol in protobuf's
 *   JSON mapping, with the names of `portunus.proto`; 64-bit integers are decimal text, so exact
 *
 * Reading the file is thus the same as hearing the server say it. It holds no credentials.
 *
 * @module
 */

import {
  create,
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import type { Bundle } from "../core/bundle.ts";
import { FORWARD } from "../core/limits.ts";
import type { RuleSpec } from "../core/rule.ts";
import type { UdpSettings } from "../forward/forwarder.ts";
import { ruleFromWire, ruleToWire } from "../wire/convert.ts";
import {
  OwnerRateLimitUpdateSchema,
  RuleSchema,
  TrafficQuotaUpdateSchema,
  type Welcome,
  WelcomeSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { rateLimitFromWire, rateLimitToWire } from "../wire/rate_limit.ts";
import type { OwnerCaps, OwnerQuota } from "./owner_table.ts";

const VERSION = 1;
const INT64_MAX = 2n ** 63n - 1n;

/** Everything that decides what is forwarded, and under which limits. */
export interface ClientState {
  /** `null` until a server said it. */
  readonly udp: UdpSettings | null;
  readonly rules: readonly RuleSpec[];
  readonly caps: readonly OwnerCaps[];
  /** With what was left of them when the state was taken. */
  readonly quotas: readonly OwnerQuota[];
}

/** Whose state it is. */
export type StateOwner = Pick<Bundle, "clientId" | "clientName" | "serverCertSha256">;

/** Why a file is of no use. The message does not quote it. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/** What the server wants of UDP rules; it leaves the choice to the client with a 0. */
export function udpFromWelcome(
  { udpMaxFlowsPerRule, udpFlowIdleSecs }: Pick<Welcome, "udpMaxFlowsPerRule" | "udpFlowIdleSecs">,
): UdpSettings {
  return {
    flowsMax: udpMaxFlowsPerRule || FORWARD.udpFlowsMaxDefault,
    idleMs: (udpFlowIdleSecs || FORWARD.udpIdleSecsDefault) * 1_000,
  };
}

/** The content of the file that keeps `state`. */
export function encodeState(state: ClientState, owner: StateOwner): string {
  const { udp, rules, caps, quotas } = state;
  const welcome = create(WelcomeSchema, {
    udpMaxFlowsPerRule: udp?.flowsMax ?? 0,
    udpFlowIdleSecs: (udp?.idleMs ?? 0) / 1_000,
  });
  return JSON.stringify({
    version: VERSION,
    client: clientOf(owner),
    server_cert_sha256: owner.serverCertSha256,
    welcome: json(WelcomeSchema, welcome),
    rules: rules.map((spec) => json(RuleSchema, ruleToWire(spec))),
    owner_rate_limits: caps.map(({ ownerId, caps }) =>
      json(
        OwnerRateLimitUpdateSchema,
        create(OwnerRateLimitUpdateSchema, { ownerId, rateLimit: rateLimitToWire(caps) }),
      )
    ),
    traffic_quotas: quotas.map(({ ownerId, quota: { remainingBytes, exhausted } }) => {
      const left = remainingBytes < INT64_MAX ? remainingBytes : INT64_MAX;
      const state = { budgetRemainingBytes: left, exhausted };
      return json(
        TrafficQuotaUpdateSchema,
        create(TrafficQuotaUpdateSchema, { userId: ownerId, state }),
      );
    }),
  });
}

/**
 * Reads what {@linkcode encodeState} wrote for the same owner.
 *
 * @throws {StateError} when the file is of another client, server or version, or damaged
 */
export function decodeState(text: string, owner: StateOwner): ClientState {
  const file = parseObject(text);
  if (file["version"] !== VERSION) throw new StateError("it is of another version");
  if (file["client"] !== clientOf(owner)) throw new StateError("it is of another client");
  if (file["server_cert_sha256"] !== owner.serverCertSha256) {
    throw new StateError("it is of another server");
  }
  return {
    udp: udpFromWelcome(message(WelcomeSchema, file["welcome"])),
    rules: messages(RuleSchema, file["rules"]).map((rule) => {
      const read = ruleFromWire(rule);
      if (!read.ok) throw new StateError("it is damaged: rules");
      return read.spec;
    }),
    caps: messages(OwnerRateLimitUpdateSchema, file["owner_rate_limits"]).map(
      ({ ownerId, rateLimit }) => {
        if (rateLimit === undefined) throw new StateError("it is damaged: owner_rate_limits");
        return { ownerId, caps: rateLimitFromWire(rateLimit) };
      },
    ),
    quotas: messages(TrafficQuotaUpdateSchema, file["traffic_quotas"]).map(({ userId, state }) => {
      if (state === undefined) throw new StateError("it is damaged: traffic_quotas");
      const { budgetRemainingBytes: left, exhausted } = state;
      const remainingBytes = left < 0n ? 0n : left;
      return { ownerId: userId, quota: { remainingBytes, exhausted } };
    }),
  };
}

const clientOf = ({ clientId, clientName }: StateOwner): string => clientId ?? clientName;

function json<T extends DescMessage>(type: T, message: MessageShape<T>): JsonValue {
  return toJson(type, message, { useProtoFieldName: true });
}

function message<T extends DescMessage>(type: T, value: unknown): MessageShape<T> {
  try {
    return fromJson(type, value as JsonValue);
  } catch (cause) {
    throw new StateError(`it is damaged: ${type.name}`, { cause });
  }
}

function messages<T extends DescMessage>(type: T, list: unknown): MessageShape<T>[] {
  if (!Array.isArray(list)) throw new StateError(`it is damaged: no list of ${type.name}`);
  return list.map((item) => message(type, item));
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new StateError("it is damaged: not JSON");
  }
  if (typeof file !== "object" || file === null) throw new StateError("it is damaged: no object");
  return file as Readonly<Record<string, unknown>>;
}
