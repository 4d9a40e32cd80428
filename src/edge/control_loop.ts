/**
 * Keeps an enrolled client connected: connect, run the session, wait, again.
 *
 * Losing the server does not stop forwarding. Being refused by it does: a client whose token was
 * revoked or replaced closes its rules, forgets them, stays up and waits for the operator's signal.
 *
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import type { Bundle } from "../core/bundle.ts";
import type { Logger } from "../core/log.ts";
import { openControlStream } from "../wire/control_client.ts";
import { WireError } from "../wire/streams.ts";
import type { Backoff } from "./backoff.ts";
import { runSession } from "./control_session.ts";
import type { RuleTable } from "./rule_table.ts";

export interface ControlLoopOptions {
  readonly bundle: Bundle;
  readonly table: RuleTable;
  readonly backoff: Backoff;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly statsIntervalMs: number;
  /** Called when the server refuses this client, before its rules stop. */
  readonly onRefused?: () => void;
  /** Aborted when the client shall stop. */
  readonly stop: AbortSignal;
  /** Aborted when another process takes over: the session ends, and the rules stay as they are. */
  readonly leave?: AbortSignal;
  /** @default {openControlStream} */
  readonly connect?: typeof openControlStream;
}

/**
 * Runs until `stop` is aborted; then drains every rule while the stream is still up, if it is. Or
 * until `leave` is.
 */
export async function runControlLoop(options: ControlLoopOptions): Promise<void> {
  const { table, backoff, clock, logger, stop, leave } = options;
  const end = leave === undefined ? stop : AbortSignal.any([stop, leave]);
  for (let attempt = 1; !end.aborted; attempt++) {
    logger.info("control.connecting", { attempt });
    if (await connectOnce(options, end) === "refused") {
      options.onRefused?.();
      await table.closeAll();
      await untilAborted(end);
    } else if (!end.aborted) {
      await sleep(clock, backoff.next(), end).catch(() => undefined);
    }
  }
  if (stop.aborted) await table.closeAll();
}

type SessionEnd = "ended" | "refused";

async function connectOnce(options: ControlLoopOptions, end: AbortSignal): Promise<SessionEnd> {
  const { bundle, backoff, clock, logger, connect = openControlStream } = options;
  let connected = false;
  // A stop ends a dial at once; an established session ends itself, after its rules have drained.
  const dial = new AbortController();
  const onEnd = () => {
    if (!connected) dial.abort();
  };
  end.addEventListener("abort", onEnd);
  try {
    const stream = await connect({
      endpoint: bundle.serverEndpoint,
      pin: bundle.serverCertSha256,
      bearer: bundle.token,
      signal: dial.signal,
      clock,
    });
    await runSession({
      ...options,
      stream,
      onConnected: () => {
        connected = true;
        backoff.reset();
      },
    });
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    if (end.aborted) return "ended";
    if (!connected && isRefusal(error)) {
      logger.warn("control.terminal", { error: error.message });
      return "refused";
    }
    logger.warn(connected ? "control.stream_error" : "control.connect_failed", {
      error: error.message,
    });
  } finally {
    end.removeEventListener("abort", onEnd);
  }
  if (connected) logger.info("control.disconnected");
  return "ended";
}

/** A server that cannot read its store right now says UNAUTHENTICATED too; that is no verdict. */
function isRefusal(error: WireError): boolean {
  return error.terminal && !error.message.includes("token_verify_error");
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
