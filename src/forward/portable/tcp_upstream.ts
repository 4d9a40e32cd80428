/**
 * From a connection that was let in to a connected target: one after another, until one takes it.
 *
 * @module
 */

import { hostLiteral, unmapIpv4 } from "../../core/address.ts";
import type { Clock } from "../../core/clock.ts";
import { errorText } from "../../core/errors.ts";
import { FORWARD } from "../../core/limits.ts";
import type { LogFields } from "../../core/log.ts";
import { type ProxyEnd, proxyHeader } from "../policy/proxy_header.ts";
import { ResolveError } from "../resolver.ts";
import { AddressesUnreachable, dial } from "./dial.ts";
import type { Dialing, Endpoint, Socket } from "./net.ts";
import { logEvent } from "./rule_log.ts";
import type { TrackedTarget } from "./rule_targets.ts";
import type { TcpContext, TcpPort } from "./tcp_context.ts";

/** A connected target. */
export interface Upstream {
  readonly target: TrackedTarget;
  readonly socket: Socket;
}

/** No target of a list could be connected to; each failure has been logged. */
export class AllTargetsFailed extends Error {
  override readonly name = "AllTargetsFailed";

  constructor(readonly targetCount: number) {
    super(`all ${targetCount} targets failed`);
  }
}

/** A dial that began before anybody knew of the connection. */
export interface FirstDial {
  readonly target: TrackedTarget;
  readonly dialing: Dialing;
}

/** Gives up a dial that nobody waits for. */
export async function abandon({ dialing }: FirstDial): Promise<void> {
  dialing.cancel();
  const socket = await dialing.socket.catch(() => null);
  socket?.[Symbol.dispose]();
}

/**
 * Connects `inbound` to a target of its rule, PROXY header and all.
 *
 * @param first goes on instead of a dial to its target
 *
 * @throws {AllTargetsFailed} for a rule with a list of targets
 * @throws what `dial` throws for a rule without one, and the signal's reason
 */
export async function connectUpstream(
  inbound: Socket,
  port: TcpPort,
  { signal, first }: { readonly signal: AbortSignal; readonly first: FirstDial | null },
): Promise<Upstream> {
  const { context, targetPort } = port;
  const targets = attempts(context.targets.order(targetPort), first);
  const [only] = targets;
  if (!context.isListed && only) {
    return { target: only.target, socket: await dialOnly(only, context, signal) };
  }
  for (const attempt of targets) {
    const socket = await tryTarget(attempt, inbound, context, signal);
    if (socket !== null) return { target: attempt.target, socket };
  }
  throw new AllTargetsFailed(targets.length);
}

interface Attempt {
  readonly target: TrackedTarget;
  readonly dialing?: Dialing;
}

function attempts(targets: readonly TrackedTarget[], first: FirstDial | null): Attempt[] {
  const others = targets.filter((target) => target !== first?.target);
  return [...first === null ? [] : [first], ...others.map((target) => ({ target }))];
}

/** The target of a rule without a list. What has to do with its name is counted and logged. */
async function dialOnly(
  { target: { host, port }, dialing }: Attempt,
  context: TcpContext,
  signal: AbortSignal,
): Promise<Socket> {
  const { environment, ruleId, preferIpv6 } = context;
  try {
    const target = { ruleId, host, port, preferIpv6, dialing };
    const { socket, stale } = await dial(target, environment, signal);
    if (stale) context.dnsFailures += 1;
    return socket;
  } catch (error) {
    const fields = dnsFailureFields(error);
    if (fields !== null) {
      context.dnsFailures += 1;
      logEvent(context, "warn", "rule.dns_failed", {
        hostname: hostLiteral(host),
        ...fields,
      });
    }
    throw error;
  }
}

/** What `rule.dns_failed` tells of a failed dial; `null` when the name was not the problem. */
function dnsFailureFields(error: unknown): LogFields | null {
  if (error instanceof ResolveError) return { reason: error.reason, detail: error.detail };
  if (error instanceof AddressesUnreachable) {
    return { reason: "all_addrs_unreachable", tried: error.tried, last_error: error.lastError };
  }
  return null;
}

/** `null` when the target cannot be had, which it is told. */
async function tryTarget(
  { target, dialing }: Attempt,
  inbound: Socket,
  context: TcpContext,
  signal: AbortSignal,
): Promise<Socket | null> {
  const { environment, ruleId, preferIpv6 } = context;
  const { host, port, proxyProtocol } = target;
  let socket: Socket | null = null;
  try {
    const at = { ruleId, host, port, preferIpv6, dialing };
    ({ socket } = await dial(at, environment, signal));
    if (proxyProtocol !== null) {
      const header = proxyHeader(proxyProtocol, ...proxyEnds(inbound));
      await sendProxyHeader(header, { socket, clock: environment.clock, signal });
    }
    target.dialed();
    return socket;
  } catch (error) {
    socket?.[Symbol.dispose]();
    signal.throwIfAborted();
    target.failed();
    const event = socket === null ? "dial_failed" : "proxy_protocol_write_failed";
    logEvent(context, "warn", `rule.target.${event}`, {
      target_index: target.index,
      target_host: host,
      target_port: port,
      ...(socket !== null && { proxy_protocol: proxyProtocol }),
      error: errorText(error),
    });
    return null;
  }
}

/** Writes all of `header`, in limited time: a target that does not take it is given up. */
async function sendProxyHeader(
  header: Uint8Array,
  { socket, clock, signal }: {
    readonly socket: Socket;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  let isLate = false;
  signal.throwIfAborted();
  const giveUp = () => socket[Symbol.dispose]();
  using _timeout = clock.timer(FORWARD.proxyHeaderTimeoutMs, () => {
    isLate = true;
    giveUp();
  });
  signal.addEventListener("abort", giveUp);
  try {
    for (let rest = header; rest.length > 0;) rest = rest.subarray(await socket.write(rest));
  } catch (error) {
    throw isLate ? new Error("proxy_protocol_prelude_write_timeout", { cause: error }) : error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** Where `inbound` comes from, and what it was made to. */
function proxyEnds({ remoteAddr, localAddr }: Socket): [source: ProxyEnd, destination: ProxyEnd] {
  const endOf = ({ hostname, port }: Endpoint) => ({ host: unmapIpv4(hostname), port });
  return [endOf(remoteAddr), endOf(localAddr)];
}
