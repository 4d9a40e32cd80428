/**
 * The enrolled client's two jobs, with the real clock, network and files put in.
 *
 * @module
 */

import { type Bundle, parseBundle } from "../core/bundle.ts";
import type { Logger } from "../core/log.ts";
import { createForwarder } from "../forward/engine.ts";
import type { Predecessor } from "../forward/predecessor.ts";
import { SuccessionError } from "../forward/succession_message.ts";
import { systemClock } from "../system/clock.ts";
import { removeLeftoversOf } from "../system/leftovers.ts";
import { isFile, type ProcessIo } from "../system/process_io.ts";
import { systemRandom } from "../system/random.ts";
import { ServiceManager } from "../system/service_manager.ts";
import { onShutdown } from "../system/shutdown.ts";
import { processLogger } from "../telemetry/log.ts";
import { Backoff } from "./backoff.ts";
import {
  defaultBundlePath,
  defaultStatePath,
  defaultSuccessionPath,
  resolveBundlePath,
} from "./bundle_path.ts";
import { StateError } from "./client_state.ts";
import { type ControlLoopOptions, runControlLoop } from "./control_loop.ts";
import { enroll, EnrollError } from "./enroll.ts";
import { handOver, type HandOverOptions, offerPlace } from "./hand_over.ts";
import { RuleTable } from "./rule_table.ts";
import { StateFile } from "./state_file.ts";
import { type TakenOver, takeOver, type TakeOverOptions } from "./take_over.ts";

export interface DaemonOptions {
  readonly bundlePath: string | undefined;
  /** Where to keep what the server said last; `false` for nowhere, which ends an earlier file. */
  readonly statePath: string | false | undefined;
  readonly reconnectInitialMs: number;
  readonly reconnectMaxMs: number;
  readonly drainMs: number;
  readonly statsIntervalMs: number;
  /** Takes the place of the client that runs, which drains and ends. */
  readonly takeOver: boolean;
  /** Where the two meet. */
  readonly successionPath: string | undefined;
}

/** Forwards until SIGINT or SIGTERM, or until another client takes over. Returns the exit status. */
export async function runDaemon(options: DaemonOptions, io: ProcessIo): Promise<number> {
  const logger = clientLogger(io);
  const found = await findBundle(options.bundlePath, io, logger);
  if (found === null) return 1;
  const { bundle } = found;
  const statePath = options.statePath || defaultStatePath(found.path, io.env);
  // Of a client that runs they are none.
  if (!options.takeOver) await removeLeftoversOf([found.path, statePath], systemClock);
  const state = new StateFile({ path: statePath, owner: bundle, clock: systemClock, logger });
  await using forwarder = createForwarder({
    clock: systemClock,
    logger: logger.child("portunus_forwarder"),
    env: io.env,
  });
  const table = new RuleTable({ forwarder, drainMs: options.drainMs, logger });
  const path = options.successionPath ?? defaultSuccessionPath(statePath, io.env);
  const common = { path, owner: bundle, forwarder, table, clock: systemClock, logger };

  const stop = new AbortController();
  let stopping = () => stop.abort();
  using _signals = onShutdown({ logger, stop: () => stopping() });
  if (options.statePath === false) await state.forget();
  const taken = options.takeOver ? await takenOver(common, io) : await resume(table, state, logger);
  if (taken === null) return 1;
  const env = (name: string) => taken.environment[name] ?? io.env(name);
  using manager = new ServiceManager({ env, pid: Deno.pid, clock: systemClock, logger });
  using place = offerPlace({ ...common, state, manager });
  stopping = () => {
    void manager.stopping();
    place?.[Symbol.dispose]();
    // Before the rules are closed: they shall run again after the next start.
    void state.close();
    stop.abort();
  };
  if (stop.signal.aborted) stopping();
  state.follow(table);
  // Not when it is connected: a server that is away must not keep this host from starting.
  await manager.ready();
  if (options.takeOver) io.out(`took over from process ${taken.pid}`);
  await serve({ ...common, state, manager }, place, {
    bundle,
    table,
    backoff: new Backoff({
      initialMs: options.reconnectInitialMs,
      maxMs: options.reconnectMaxMs,
      random: systemRandom,
    }),
    clock: systemClock,
    logger,
    statsIntervalMs: options.statsIntervalMs,
    onRefused: () => void state.forget(),
    stop: stop.signal,
  });
  await state.settled();
  logger.info("client.stopped");
  return 0;
}

/** Does as the server says until it is to stop, or another client does it. */
async function serve(
  options: HandOverOptions,
  place: Predecessor | null,
  loop: ControlLoopOptions,
): Promise<void> {
  while (!loop.stop.aborted) {
    const leave = new AbortController();
    const succeeding = place?.next().then((heir) => {
      if (heir !== null) leave.abort();
      return heir;
    });
    await runControlLoop({ ...loop, leave: leave.signal });
    if (!leave.signal.aborted || place === null) return;
    const heir = await succeeding;
    if (heir && await handOver(heir, place, options)) return;
  }
}

/** The place of the client that runs; `null` when it can't be had, which is reported. */
async function takenOver(options: TakeOverOptions, io: ProcessIo): Promise<TakenOver | null> {
  try {
    return await takeOver(options);
  } catch (error) {
    if (!(error instanceof SuccessionError || error instanceof StateError)) throw error;
    io.err(`error: cannot take over: ${error.message}`);
    options.logger.error("client.take_over_failed", { error: error.message });
    return null;
  }
}

/** Forwards what `state` says. */
async function resume(
  table: RuleTable,
  state: StateFile,
  logger: Logger,
): Promise<Pick<TakenOver, "environment" | "pid">> {
  const last = await state.load();
  if (last !== null) {
    await table.restore(last);
    logger.info("client.state_restored", {
      rules: last.rules.length,
      active: table.size,
      owner_caps: last.caps.length,
      quotas: last.quotas.length,
    });
  }
  return { environment: {}, pid: 0 };
}

/**
 * Redeems `uri` and prints the path of the bundle. `-` reads the URI from stdin: a code among the
 * arguments can be seen by every user of the machine. Returns the exit status.
 */
export async function runEnroll(
  { uri, out }: { readonly uri: string; readonly out: string | undefined },
  io: ProcessIo,
): Promise<number> {
  const path = out ?? defaultBundlePath(io.env);
  try {
    await enroll(uri === "-" ? (await io.input()).trim() : uri, path);
  } catch (error) {
    return reportEnrollError(error, "client.enrollment_failed", { io, logger: clientLogger(io) });
  }
  io.out(path);
  return 0;
}

const clientLogger = (io: ProcessIo): Logger => processLogger("portunus_client", io.env);

interface FoundBundle {
  readonly bundle: Bundle;
  readonly path: string;
}

/** Finds and reads the bundle, enrolling first where there is a URI for that; `null` when reported. */
async function findBundle(
  explicit: string | undefined,
  io: ProcessIo,
  logger: Logger,
): Promise<FoundBundle | null> {
  const found = resolveBundlePath({ explicit, env: io.env, isFile });
  if ("attempted" in found) {
    io.err(
      [
        "error: no client bundle found; attempted paths:",
        ...found.attempted.map((path) => `  - ${path}`),
      ].join("\n"),
    );
    logger.error("client.bundle_search_failed", { attempted: JSON.stringify(found.attempted) });
    return null;
  }
  const { path } = found;
  const uri = io.env("PORTUNUS_ENROLL_URI")?.trim() ?? "";
  if (uri !== "" && !isFile(path)) {
    logger.info("client.self_bootstrap", { path });
    try {
      await enroll(uri, path);
    } catch (error) {
      reportEnrollError(error, "client.self_bootstrap_failed", { io, logger, path });
      return null;
    }
  }
  try {
    const bundle = parseBundle(await Deno.readTextFile(path));
    logger.info("client.bundle_loaded", {
      client_name: bundle.clientName,
      endpoint: bundle.serverEndpoint,
    });
    return { bundle, path };
  } catch (error) {
    logger.error("client.bundle_load_failed", {
      error: error instanceof Error ? error.message : String(error),
      path,
    });
    return null;
  }
}

function reportEnrollError(
  error: unknown,
  event: string,
  { io, logger, path }: { io: ProcessIo; logger: Logger; path?: string },
): 1 {
  if (!(error instanceof EnrollError)) throw error;
  io.err(`error: ${error.message}`);
  logger.error(event, { error: error.message, path });
  return 1;
}
