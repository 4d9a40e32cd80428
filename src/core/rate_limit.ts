/**
 * Caps on bandwidth, connection rate and concurrency, per rule or per owner.
 *
 * @module
 */

import { PortunusError } from "./errors.ts";

/** A set of caps; an absent member is uncapped. Bandwidth is in bytes per second, bursts in tokens. */
export interface RateLimit {
  readonly bandwidthInBps?: bigint;
  readonly bandwidthOutBps?: bigint;
  readonly newConnectionsPerSec?: number;
  readonly concurrentConnections?: number;
  readonly bandwidthInBurst?: bigint;
  readonly bandwidthOutBurst?: bigint;
  readonly newConnectionsBurst?: number;
}

interface Field {
  /** In JSON, on the wire and in the store. */
  readonly name: string;
  readonly member: keyof RateLimit;
  /** Width of the unsigned integer: 64-bit members are `bigint`. */
  readonly bits: 32 | 64;
  /** For a burst: the cap it belongs to. */
  readonly rate?: keyof RateLimit;
}

/** Every cap under its two names, in the order they are checked, stored and shown. */
export const RATE_LIMIT_FIELDS = [
  { name: "bandwidth_in_bps", member: "bandwidthInBps", bits: 64 },
  { name: "bandwidth_out_bps", member: "bandwidthOutBps", bits: 64 },
  { name: "new_connections_per_sec", member: "newConnectionsPerSec", bits: 32 },
  { name: "concurrent_connections", member: "concurrentConnections", bits: 32 },
  { name: "bandwidth_in_burst", member: "bandwidthInBurst", bits: 64, rate: "bandwidthInBps" },
  { name: "bandwidth_out_burst", member: "bandwidthOutBurst", bits: 64, rate: "bandwidthOutBps" },
  {
    name: "new_connections_burst",
    member: "newConnectionsBurst",
    bits: 32,
    rate: "newConnectionsPerSec",
  },
] as const satisfies readonly Field[];

/** A cap's name in JSON, on the wire and in the store. */
export type RateLimitName = typeof RATE_LIMIT_FIELDS[number]["name"];

/** Caps as JSON members; unset ones are absent or `null`. */
export type RateLimitJson = Readonly<
  Partial<Record<RateLimitName, number | bigint | null | undefined>>
>;

/** Caps as JSON members, those that are set. */
export type ShownRateLimit = {
  [F in typeof RATE_LIMIT_FIELDS[number] as F["name"]]?: F["bits"] extends 64 ? bigint : number;
};

/** Why a cap turns a connection or a UDP flow away, in the order of the wire's codes (from 1). */
export const REJECT_REASONS = [
  "conn_concurrent",
  "conn_rate",
  "udp_flow_rate",
  "owner_concurrent",
  "owner_conn_rate",
  "owner_udp_flow_rate",
] as const;
export type RejectReason = typeof REJECT_REASONS[number];

/** A burst lets at most this many seconds of its rate pass at once. */
const BURST_MAX_SECS = 60n;
/** A burst holds at least this part of one second of its rate. */
const BURST_MIN_DIVISOR = 100n;

/**
 * Checks that caps are above zero and that each burst has its rate and suits it. The first error
 * wins, rates before bursts.
 *
 * @throws {PortunusError} `validation.rate_limit_cap_zero`,
 * `validation.rate_limit_burst_without_rate`, `validation.rate_limit_burst_range`
 */
export function checkRateLimit(limit: RateLimit): void {
  for (const field of RATE_LIMIT_FIELDS) {
    const value = limit[field.member];
    if (value === undefined) continue;
    if ("rate" in field) {
      checkBurst(field.name, BigInt(value), limit[field.rate]);
    } else if (BigInt(value) === 0n) {
      throw new PortunusError(
        "validation.rate_limit_cap_zero",
        `${field.name} must be > 0; use null to leave uncapped`,
      );
    }
  }
}

function checkBurst(name: string, burst: bigint, rateCap: bigint | number | undefined): void {
  if (rateCap === undefined) {
    throw new PortunusError(
      "validation.rate_limit_burst_without_rate",
      `${name} burst override has no companion rate cap set`,
    );
  }
  const rate = BigInt(rateCap);
  const least = rate < BURST_MIN_DIVISOR ? 1n : rate / BURST_MIN_DIVISOR;
  const most = rate * BURST_MAX_SECS;
  if (burst < least || burst > most) {
    throw new PortunusError(
      "validation.rate_limit_burst_range",
      `${name} burst ${burst} outside permitted [rate/100, rate*60] = [${least}, ${most}] ` +
        `for rate ${rate}`,
    );
  }
}

/**
 * Caps from their JSON members. Values must be integers of the right width already; other members
 * are ignored. Nothing is checked: see {@linkcode checkRateLimit}.
 */
export function rateLimitFromJson(json: RateLimitJson): RateLimit {
  const limit: { -readonly [member in keyof RateLimit]: bigint | number } = {};
  for (const { name, member, bits } of RATE_LIMIT_FIELDS) {
    const value = json[name];
    if (value === undefined || value === null) continue;
    limit[member] = bits === 64 ? BigInt(value) : Number(value);
  }
  return limit as RateLimit;
}

/** Caps as JSON members, in the documented order, without the unset ones. */
export function rateLimitToJson(limit: RateLimit): ShownRateLimit {
  const json: Partial<Record<RateLimitName, number | bigint>> = {};
  for (const { name, member } of RATE_LIMIT_FIELDS) {
    const value = limit[member];
    if (value !== undefined) json[name] = value;
  }
  return json as ShownRateLimit;
}

/** Whether anything is capped. */
export function hasCaps(limit: RateLimit | null): boolean {
  return limit !== null && RATE_LIMIT_FIELDS.some(({ member }) => limit[member] !== undefined);
}
