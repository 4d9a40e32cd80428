/**
 * Finding the address that a flow sends to: the targets in their order, and the addresses of each.
 *
 * A UDP socket that cannot be connected tells nothing by itself, so the first datagram of the flow
 * is sent on each address's turn: where the system has no way to it, the next one is tried.
 *
 * @module
 */

import { hostLiteral, isIp } from "../../core/address.ts";
import { errorText } from "../../core/errors.ts";
import type { LogFields } from "../../core/log.ts";
import { resolveTarget } from "../resolver.ts";
import { AddressesUnreachable } from "./dial.ts";
import { logEvent } from "./rule_log.ts";
import type { UdpContext } from "./udp_context.ts";
import type { BoundSocket } from "./bind.ts";
import { type DatagramEndpoint, endpointText, peerAddress } from "./udp_net.ts";
import type { TrackedTarget } from "./rule_targets.ts";

/** A socket for the datagrams of one flow, and where it sends them. */
export interface Upstream<S extends BoundSocket> {
  readonly socket: S;
  readonly to: DatagramEndpoint;
  readonly target: TrackedTarget;
  /** How many addresses the target has. */
  readonly addressCount: number;
}

/** A flow as its dial sees it, and what it sends with. */
export interface UdpDial<S extends BoundSocket> {
  readonly context: UdpContext;
  /** What tells the flow from others in the log. */
  readonly fields: LogFields;
  /** Whether nobody waits for the outcome any more. */
  readonly isEnded: boolean;
  /** Resolves when that becomes so. */
  readonly ended: Promise<null>;
  /** Makes a socket of the family of `hostname`, which is `::` or `0.0.0.0`, or throws. */
  open(hostname: string): S;
  /** Sends the first datagram, and throws when there is no way to where `upstream` leads. */
  attempt(upstream: Upstream<S>): Promise<void>;
}

/** What there is to say of a flow that goes to `upstream`. */
export function upstreamFields(
  { socket, to, target, addressCount }: Upstream<BoundSocket>,
): LogFields {
  if (target.index === null) return { target: endpointText(to) };
  return {
    upstream: endpointText(to),
    upstream_addr_count: addressCount,
    upstream_local: endpointText(socket.addr),
  };
}

/**
 * The first of `targets` that takes the flow's first datagram; `null` when there is none, or the
 * flow ended meanwhile. Every failure is counted and logged here.
 */
export async function dialUdp<S extends BoundSocket>(
  targets: readonly TrackedTarget[],
  dial: UdpDial<S>,
): Promise<Upstream<S> | null> {
  for (const target of targets) {
    try {
      const upstream = await dialTarget(target, dial);
      if (upstream === null) return null;
      target.dialed();
      return upstream;
    } catch (error) {
      if (dial.isEnded) return null;
      targetFailed(target, dial, error);
    }
  }
  allFailed(targets, dial);
  return null;
}

/**
 * @throws {ResolveError} the name has no address
 * @throws {AddressesUnreachable} no address can be sent to
 */
async function dialTarget<S extends BoundSocket>(
  target: TrackedTarget,
  dial: UdpDial<S>,
): Promise<Upstream<S> | null> {
  const addresses = await addressesOf(target, dial);
  if (addresses === null) return null;
  let lastError = "";
  for (const address of addresses) {
    if (dial.isEnded) return null;
    const to = { transport: "udp", hostname: peerAddress(address), port: target.port } as const;
    const socket = bindFor(to, dial);
    if (socket instanceof Error) {
      lastError = errorText(socket);
      continue;
    }
    const upstream = { socket, to, target, addressCount: addresses.length };
    try {
      await dial.attempt(upstream);
      if (!dial.isEnded) return upstream;
    } catch (error) {
      lastError = errorText(error);
      addressFailed("rule.udp_upstream_connect_failed", { dial, to, error: lastError });
    }
    socket[Symbol.dispose]();
  }
  if (dial.isEnded) return null;
  throw new AddressesUnreachable(addresses.length, lastError);
}

/** `null` when the flow ended before the answer came. */
async function addressesOf(
  { host }: TrackedTarget,
  { context: { ruleId, preferIpv6, environment }, ended }: UdpDial<BoundSocket>,
): Promise<readonly string[] | null> {
  const hostname = hostLiteral(host);
  if (isIp(hostname)) return [hostname];
  const answer = resolveTarget({ hostname, preferIpv6, ruleId }, environment);
  const resolved = await Promise.race([answer, ended]);
  return resolved === null ? null : resolved.addresses;
}

/** A socket of the family of `to`. */
function bindFor<S extends BoundSocket>(to: DatagramEndpoint, dial: UdpDial<S>): S | Error {
  try {
    return dial.open(to.hostname.includes(":") ? "::" : "0.0.0.0");
  } catch (error) {
    addressFailed("rule.udp_upstream_bind_failed", { dial, to, error: errorText(error) });
    return error instanceof Error ? error : new Error(errorText(error));
  }
}

function addressFailed(
  event: string,
  { dial, to, error }: {
    readonly dial: UdpDial<BoundSocket>;
    readonly to: DatagramEndpoint;
    readonly error: string;
  },
): void {
  if (dial.isEnded) return;
  dial.context.errors.upstream_connect_failed += 1;
  logEvent(dial.context, "warn", event, { ...dial.fields, target: endpointText(to), error });
}

function targetFailed(
  target: TrackedTarget,
  { context, fields }: UdpDial<BoundSocket>,
  error: unknown,
): void {
  context.dnsFailures += 1;
  target.failed();
  if (target.index === null) {
    const unreachable = error instanceof AddressesUnreachable;
    const cause = unreachable ? { reason: "all_targets_unreachable" } : { error: errorText(error) };
    logEvent(context, "warn", "rule.udp_dns_failed", { ...fields, ...cause });
    return;
  }
  logEvent(context, "warn", "rule.udp_target.dial_failed", {
    ...fields,
    target_index: target.index,
    target_host: target.host,
    target_port: target.port,
    reason: errorText(error),
  });
}

/** With a list of targets, what fails with all of them counts once more. */
function allFailed(
  targets: readonly TrackedTarget[],
  { context, fields }: UdpDial<BoundSocket>,
): void {
  if (targets[0]?.index === null) return;
  context.dnsFailures += 1;
  logEvent(context, "warn", "rule.udp_all_targets_failed", {
    ...fields,
    target_count: targets.length,
  });
}
