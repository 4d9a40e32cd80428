import { parseTargetHost } from "../core/address.ts";
import { exitCode, PortunusError } from "../core/errors.ts";
import { type Json, parseJson } from "../core/json.ts";
import { RULES } from "../core/limits.ts";
import {
  parsePortNumber,
  parsePortSpec,
  splitHostPort,
  splitTargetSpec,
} from "../core/port_spec.ts";
import { type PortRange, rangeLength } from "../core/ports.ts";
import { U32_MAX, USAGE_EXIT } from "../system/command_line.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { CreatedRuleAnswer } from "./answers.ts";
import { CommandError } from "./command_error.ts";
import type { HttpFlags } from "./flags.ts";
import { fetchAnswer } from "./http_client.ts";
import { type CapFlags, capsBody } from "./options.ts";

export interface PushRuleFlags extends HttpFlags, CapFlags {
  readonly client: string;
  readonly listen: string;
  /** The target after the listen port; the other way to say one. */
  readonly positional?: string | undefined;
  readonly target?: readonly string[];
  readonly targetsJson?: string;
  readonly protocol: string;
  readonly ackTimeout: bigint;
  readonly preferIpv6?: true;
  readonly proxyProtocol?: "v1" | "v2";
  readonly healthCheckIntervalSecs?: bigint;
  readonly sni?: string;
}

const INVALID_EXIT = 3;

/** `push-rule`: prints the id of the new rule. */
export async function pushRule(flags: PushRuleFlags, io: ProcessIo): Promise<number> {
  const body = checked(() => pushRuleBody(flags));
  const waitSecs = flags.ackTimeout > BigInt(RULES.ackTimeoutMaxSecs)
    ? RULES.ackTimeoutMaxSecs
    : Number(flags.ackTimeout);
  const request = {
    method: "POST",
    path: "/rules",
    body,
    extraTimeoutMs: waitSecs * 1_000,
  } as const;
  const api = { flags, family: "rule", io } as const;
  const { rule_id } = await fetchAnswer(api, request, CreatedRuleAnswer);
  io.out(`${rule_id}`);
  return 0;
}

/** What the command can tell is wrong by itself ends as the server's refusal would. */
function checked<T>(build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    throw new CommandError(`error: ${error.message}`, exitCode(error.code, "rule"));
  }
}

/** Checks in the order of the contract: scripts see the first mistake. */
function pushRuleBody(flags: PushRuleFlags): Json {
  const listen = parsePortSpec(flags.listen);
  checkInterval(flags.healthCheckIntervalSecs);
  const sni = sniPattern(flags, listen);
  const limits = capsBody(flags);
  const interval = flags.healthCheckIntervalSecs;
  const extras = {
    ...(flags.preferIpv6 ? { prefer_ipv6: true } : {}),
    ...(sni === null ? {} : { sni_pattern: sni }),
    ...(limits === null ? {} : { rate_limit: limits }),
    ...(interval === undefined ? {} : { health_check_interval_secs: interval }),
  };
  const needsTargets = sni !== null || limits !== null || interval !== undefined ||
    flags.proxyProtocol !== undefined;
  return {
    client: flags.client,
    listen_port: listen.start,
    protocol: flags.protocol,
    ack_timeout_secs: flags.ackTimeout,
    ...targetMembers(flags, listen, needsTargets),
    ...extras,
  };
}

function checkInterval(secs: bigint | undefined): void {
  if (secs === undefined || (secs >= 1n && secs <= BigInt(RULES.healthCheckIntervalMaxSecs))) {
    return;
  }
  throw new CommandError(
    `error: health_check_interval_out_of_range: ${secs} ` +
      `(1 to ${RULES.healthCheckIntervalMaxSecs} seconds)`,
    INVALID_EXIT,
  );
}

/** The pattern as the server keeps it; `null` for none, a blank one included. */
function sniPattern({ sni, protocol }: PushRuleFlags, listen: PortRange): string | null {
  const pattern = sni?.trim() ?? "";
  if (pattern === "") return null;
  if (protocol.toLowerCase() !== "tcp" || rangeLength(listen) > 1) {
    throw new CommandError(
      "error: validation.sni_on_unsupported_rule: --sni needs TCP and a single listen port",
      USAGE_EXIT,
    );
  }
  return pattern.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The members that say where to: the short form of one target, or a list. */
function targetMembers(
  flags: PushRuleFlags,
  listen: PortRange,
  needsTargets: boolean,
): Readonly<Record<string, Json>> {
  const { positional, target = [], targetsJson } = flags;
  const isList = target.length > 0 || targetsJson !== undefined;
  if (positional !== undefined && isList) {
    throw shapeError(
      "conflict",
      "a target after the port goes without --target and --targets-json",
    );
  }
  if (positional === undefined) {
    if (!isList) throw shapeError("missing", "say a target, --target or --targets-json");
    const targets = targetsJson === undefined
      ? target.map((spec) => withProxy(parseTarget(spec), flags))
      : parseTargets(targetsJson);
    if (rangeLength(listen) > 1) {
      throw shapeError("conflict", "a range of ports takes one target, as host:start-end");
    }
    return { targets };
  }
  const { host, ports } = splitTargetSpec(positional);
  parseTargetHost(host);
  const ranged = rangeLength(listen) > 1 || rangeLength(ports) > 1;
  if (!needsTargets) {
    return {
      target_host: host,
      target_port: ports.start,
      ...(ranged ? { listen_port_end: listen.end, target_port_end: ports.end } : {}),
    };
  }
  if (ranged) {
    throw shapeError("conflict", "a range of ports takes no caps, PROXY header or health checks");
  }
  return { targets: [withProxy({ host, port: ports.start }, flags)] };
}

const shapeError = (what: "conflict" | "missing", text: string) =>
  new CommandError(`error: rule_shape_${what} (${text})`, INVALID_EXIT);

interface Target {
  readonly host: string;
  readonly port: number;
  readonly priority?: number;
}

const withProxy = (target: Target, { proxyProtocol }: PushRuleFlags): Json => ({
  ...target,
  ...(proxyProtocol === undefined ? {} : { proxy_protocol: proxyProtocol }),
});

/** Reads `host:port[@priority]`. The server checks the host. */
function parseTarget(spec: string): Target {
  const at = spec.lastIndexOf("@");
  const parts = splitHostPort(at < 0 ? spec : spec.slice(0, at));
  if (parts === null) throw targetError(spec, "expected host:port");
  const port = parsePortNumber(parts.port);
  if (port === null || port === 0) throw targetError(spec, "the port is not one from 1 to 65535");
  if (at < 0) return { host: parts.host, port };
  const digits = spec.slice(at + 1);
  const priority = /^\+?\d{1,20}$/.test(digits) ? Number(digits) : NaN;
  if (!(priority <= U32_MAX)) {
    throw targetError(spec, `the priority is not one from 0 to ${U32_MAX}`);
  }
  return { host: parts.host, port, priority };
}

const targetError = (spec: string, text: string) =>
  new CommandError(`error: invalid_target_spec --target "${spec}": ${text}`, INVALID_EXIT);

function parseTargets(text: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    throw new CommandError(
      `error: invalid_targets_json: ${(error as Error).message}`,
      INVALID_EXIT,
    );
  }
}
