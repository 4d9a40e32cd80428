/**
 * `rules export` and `rules apply`: the rules of a fleet as a file.
 *
 * @module
 */

import { errorText } from "../core/errors.ts";
import { clientObstacles } from "../rulefile/clients.ts";
import { formatFleet } from "../rulefile/fleet_format.ts";
import { type FleetFile, parseFleet } from "../rulefile/fleet.ts";
import { type Plan, planFleet, type RunningRule, type Step } from "../rulefile/plan.ts";
import { ConfigError } from "../rulefile/problems.ts";
import { runningRule } from "../rulefile/running.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { ClientsAnswer, RulesAnswer } from "./answers.ts";
import { CommandError } from "./command_error.ts";
import type { HttpFlags } from "./flags.ts";
import { type ApiOptions, fetchAnswer } from "./http_client.ts";
import { stopped } from "./interrupts.ts";
import { applyStep } from "./rules_step.ts";
import { describeStep, summary } from "./rules_text.ts";

export interface ExportFlags extends HttpFlags {
  readonly format: "toml" | "json";
  readonly client?: string;
}

export interface ApplyFlags extends HttpFlags {
  /** `-` for stdin. */
  readonly file: string;
  readonly dryRun?: true;
  readonly prune?: true;
}

const INVALID_EXIT = 3;
const FAILED_EXIT = 1;

const apiOf = (flags: HttpFlags, io: ProcessIo): ApiOptions => ({ flags, family: "rule", io });

/** `rules export` */
export async function exportRules(flags: ExportFlags, io: ProcessIo): Promise<number> {
  const running = await runningRules(apiOf(flags, io));
  const shown = running.filter(({ clientName }) =>
    flags.client === undefined || clientName === flags.client
  );
  const text = formatFleet(shown, flags.format);
  if (text !== "") io.out(text.replace(/\n$/, ""));
  return 0;
}

/** `rules apply`. Nothing is touched unless all of the file can be brought about. */
export async function applyRules(flags: ApplyFlags, io: ProcessIo): Promise<number> {
  const api = apiOf(flags, io);
  const file = readFleet(flags.file, await textOf(flags.file, io));
  for (const what of file.ignored) io.err(`note: ${what} is for standalone hosts, and ignored`);
  const plan = await planOf(api, file, flags);
  for (const step of plan.steps) io.out(describeStep(step));
  io.out(summary(plan));
  if (flags.dryRun) {
    io.out("dry run: nothing was changed");
    return 0;
  }
  return await carryOut(api, plan.steps);
}

/** What messages call the file. */
const nameOf = (path: string) => path === "-" ? "stdin" : path;

async function textOf(path: string, io: ProcessIo): Promise<string> {
  try {
    return path === "-" ? await io.input() : await Deno.readTextFile(path);
  } catch (error) {
    throw new CommandError(`error: ${path}: ${errorText(error)}`, FAILED_EXIT);
  }
}

function readFleet(path: string, text: string): FleetFile {
  try {
    return parseFleet(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(
      `error: invalid rules file\n  ${error.describe(nameOf(path))}`,
      INVALID_EXIT,
    );
  }
}

/** @throws {CommandError} with everything that is in the way */
async function planOf(api: ApiOptions, file: FleetFile, flags: ApplyFlags): Promise<Plan> {
  const clients = await fetchAnswer(api, { method: "GET", path: "/clients" }, ClientsAnswer);
  const plan = planFleet(file.rules, await runningRules(api), { prune: flags.prune === true });
  const unreachable = clientObstacles(file.rules, plan.steps, clients);
  const obstacles = [...unreachable, ...plan.obstacles];
  if (obstacles.length === 0) return plan;
  const lines = obstacles.map(({ rule: { name, position }, message }) =>
    `${nameOf(flags.file)}:${position.line}:${position.column}: rule "${name}": ${message}`
  );
  throw new CommandError(
    `error: the rules can't be applied, nothing was changed\n  ${lines.join("\n  ")}`,
    INVALID_EXIT,
  );
}

async function runningRules(api: ApiOptions): Promise<RunningRule[]> {
  const rules = await fetchAnswer(api, { method: "GET", path: "/rules" }, RulesAnswer);
  return rules.map(runningRule);
}

/** Goes on after a failure: the other rules have nothing to do with it. */
async function carryOut(api: ApiOptions, steps: readonly Step[]): Promise<number> {
  using interrupts = stopped();
  let failures = 0;
  for (const [i, step] of steps.entries()) {
    if (interrupts.signal.aborted) {
      const left = `${i} of ${steps.length} changes were made; apply again to go on`;
      throw new CommandError(`error: interrupted: ${left}`, 130);
    }
    const outcome = await applyStep(api, step);
    if (outcome.ok) api.io.out(outcome.text);
    else {
      failures += 1;
      api.io.err(outcome.text);
    }
  }
  if (failures === 0) return 0;
  api.io.err(`error: ${failures} of ${steps.length} changes failed`);
  return FAILED_EXIT;
}
