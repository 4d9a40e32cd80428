/**
 * Connecting to a target: its addresses one after another, each for a limited time.
 *
 * @module
 */

import { hostLiteral, isIp } from "../../core/address.ts";
import { errorText } from "../../core/errors.ts";
import { FORWARD } from "../../core/limits.ts";
import { resolveTarget } from "../resolver.ts";
import type { Environment } from "./environment.ts";
import type { Dialing, Endpoint, Socket } from "./net.ts";

/** Where a connection goes. */
export interface Target {
  readonly ruleId: bigint;
  /** IPv4, `[IPv6]` or a host name. */
  readonly host: string;
  readonly port: number;
  readonly preferIpv6: boolean;
  /** A connection to an IP literal that is being made already. */
  readonly dialing?: Dialing | undefined;
}

/** What dialling needs. */
export type DialContext = Pick<Environment, "net" | "clock" | "logger" | "resolver">;

/** A connection to a target. */
export interface Dialed {
  readonly socket: Socket;
  /** Whether the address came from a resolution that is out of date. */
  readonly stale: boolean;
}

/** A host name resolved, but none of its addresses accepted a connection. */
export class AddressesUnreachable extends Error {
  override readonly name = "AddressesUnreachable";

  constructor(readonly tried: number, readonly lastError: string) {
    super(`all_addrs_unreachable: ${tried} addresses tried, last: ${lastError}`);
  }
}

/**
 * Connects to `target`. An IP literal is tried once and never resolved.
 *
 * @throws {ResolveError} the name has no address
 * @throws {AddressesUnreachable} no address of the name accepted
 * @throws the system's error for an IP literal, and the signal's reason once `signal` is aborted
 */
export async function dial(
  target: Target,
  context: DialContext,
  signal: AbortSignal,
): Promise<Dialed> {
  const hostname = hostLiteral(target.host);
  if (isIp(hostname)) {
    const dialing = target.dialing ?? begin({ hostname, port: target.port }, context, signal);
    return { socket: await connected(dialing, context, signal), stale: false };
  }
  const resolved = resolveTarget({ ...target, hostname }, context);
  const { addresses, stale } = await unlessAborted(resolved, signal);
  let lastError = "";
  for (const address of addresses) {
    try {
      const dialing = begin({ hostname: address, port: target.port }, context, signal);
      const socket = await connected(dialing, context, signal);
      return { socket, stale };
    } catch (error) {
      signal.throwIfAborted();
      lastError = errorText(error);
    }
  }
  throw new AddressesUnreachable(addresses.length, lastError);
}

function begin(endpoint: Endpoint, { net }: DialContext, signal: AbortSignal): Dialing {
  signal.throwIfAborted();
  return net.connect(endpoint);
}

/** One attempt: ends with a socket, the system's error, the timeout, or the signal's reason. */
async function connected(
  dialing: Dialing,
  { clock }: Pick<DialContext, "clock">,
  signal: AbortSignal,
): Promise<Socket> {
  let failure: unknown;
  const giveUp = (reason: unknown) => {
    failure ??= reason;
    dialing.cancel();
  };
  const onAbort = () => giveUp(signal.reason);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  using _timeout = clock.timer(
    FORWARD.dialTimeoutMs,
    () => giveUp(new Error(`dial timeout after ${FORWARD.dialTimeoutMs / 1_000}s`)),
  );
  try {
    const socket = await dialing.socket;
    if (failure === undefined) return socket;
    socket[Symbol.dispose]();
    throw failure;
  } catch (error) {
    throw failure ?? error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** `promise`, or as soon as `signal` is aborted its reason; nobody waits for the promise then. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
