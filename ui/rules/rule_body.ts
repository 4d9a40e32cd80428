/**
 * From what stands in a form to what the server is asked, or to what is wrong with it.
 *
 * @module
 */

import { parseTargetHost } from "../../src/core/address.ts";
import { PortunusError } from "../../src/core/errors.ts";
import { parseIpv6 } from "../../src/core/ip.ts";
import { RULES } from "../../src/core/limits.ts";
import { isPort, rangeLength } from "../../src/core/ports.ts";
import {
  checkRateLimit,
  RATE_LIMIT_FIELDS,
  rateLimitFromJson,
  type RateLimitName,
} from "../../src/core/rate_limit.ts";
import { parseSniPattern } from "../../src/core/sni.ts";
import { parseQuantity } from "../components/quantity.ts";
import { t } from "../i18n/i18n.ts";
import {
  type CapFields,
  isBandwidth,
  mayHaveSni,
  type RuleBody,
  type RuleFields,
  type TargetFields,
} from "./rule_fields.ts";

/** What is wrong, by field: `targets.1.host` is the host of the second target. */
export type Problems = Readonly<Record<string, string>>;

const U32_MAX = 4_294_967_295;

/** A whole number between the bounds; `null` for anything else. */
export function parseInteger(text: string, least: number, most: number): number | null {
  const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : NaN;
  return value >= least && value <= most ? value : null;
}

export const parsePort = (text: string): number | null => parseInteger(text, 1, 65_535);

/** A host as the server takes it; IPv6 may be typed without brackets. `null` for none. */
export function parseHost(text: string): string | null {
  const host = text.trim();
  try {
    return parseTargetHost(parseIpv6(host) === null ? host : `[${host}]`);
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    return null;
  }
}

/** The range that a rule would listen on; `null` while it is not one. */
export function listenRange({ listenStart, listenEnd }: RuleFields) {
  const start = parsePort(listenStart);
  const end = listenEnd.trim() === "" ? start : parsePort(listenEnd);
  return start === null || end === null || end < start ? null : { start, end };
}

/** Everything that is wrong with a form by itself. */
export function ruleProblems(fields: RuleFields): Problems {
  const found: Record<string, string> = { ...capProblems(fields.caps) };
  if (fields.clientId === "") found["clientId"] = t("field.required");
  if (parsePort(fields.listenStart) === null) found["listenStart"] = t("field.port");
  noteRangeProblems(fields, found);
  noteTargetProblems(fields, found);
  if (fields.interval.trim() !== "" && intervalOf(fields) === null) {
    found["interval"] = t("rule_form.interval_wrong", { n: RULES.healthCheckIntervalMaxSecs });
  }
  if (mayHaveSni(fields) && fields.sni.trim() !== "" && !isSniPattern(fields.sni)) {
    found["sni"] = t("rule_form.sni_wrong");
  }
  return found;
}

function noteRangeProblems(fields: RuleFields, found: Record<string, string>): void {
  const { listenEnd, targetEnd } = fields;
  if (listenEnd.trim() === "" && targetEnd.trim() === "") return;
  const listen = listenRange(fields);
  if (listenEnd.trim() !== "" && parsePort(fields.listenStart) !== null && listen === null) {
    found["listenEnd"] = t("rule_form.range_end");
  }
  if (fields.isMulti) {
    found["listenEnd"] = t("rule_form.range_multi");
    return;
  }
  const start = parsePort(fields.targets[0]?.port ?? "");
  const end = parsePort(targetEnd);
  if (listenEnd.trim() === "") found["listenEnd"] = t("rule_form.range_both");
  else if (targetEnd.trim() === "") found["targetEnd"] = t("rule_form.range_both");
  else if (start === null || end === null || end < start) {
    found["targetEnd"] = t("rule_form.range_end");
  } else if (listen !== null && rangeLength(listen) !== rangeLength({ start, end })) {
    found["targetEnd"] = t("rule_form.range_width", { n: rangeLength(listen) });
  } else if (needsList(fields)) found["targetEnd"] = t("rule_form.range_plain");
}

function noteTargetProblems({ targets, isMulti }: RuleFields, found: Record<string, string>): void {
  const rows = isMulti ? targets : targets.slice(0, 1);
  if (rows.length > RULES.targetsMax) {
    found["targets"] = t("rule_form.targets_max", { n: RULES.targetsMax });
  }
  for (const [i, { host, port, priority }] of rows.entries()) {
    if (host.trim() === "") found[`targets.${i}.host`] = t("field.required");
    else if (parseHost(host) === null) found[`targets.${i}.host`] = t("rule_form.host_wrong");
    if (parsePort(port) === null) found[`targets.${i}.port`] = t("field.port");
    if (isMulti && parseInteger(priority, 0, U32_MAX) === null) {
      found[`targets.${i}.priority`] = t("field.count");
    }
    const twin = rows.findIndex((it) => it.host.trim() === host.trim() && it.port === port);
    if (twin < i) found[`targets.${i}.host`] ??= t("rule_form.target_twice");
  }
}

/** What is wrong with caps, by their names with `caps.` before them. */
export function capProblems(caps: CapFields): Problems {
  const found: Record<string, string> = {};
  const limits = rateLimitFromJson(capsOf(caps) ?? {});
  for (const field of RATE_LIMIT_FIELDS) {
    const text = caps[field.name].trim();
    if (text === "") continue;
    const value = capValue(field.name, text);
    if (value === null) found[`caps.${field.name}`] = t("field.positive");
    else if ("rate" in field) {
      const problem = burstProblem({ [field.member]: value, [field.rate]: limits[field.rate] });
      if (problem) found[`caps.${field.name}`] = problem;
    }
  }
  return found;
}

function burstProblem(limit: Parameters<typeof checkRateLimit>[0]): string | null {
  try {
    checkRateLimit(limit);
    return null;
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    return error.code === "validation.rate_limit_burst_without_rate"
      ? t("rule_form.burst_alone")
      : t("rule_form.burst_range");
  }
}

function capValue(name: RateLimitName, text: string): number | null {
  if (!isBandwidth(name)) return parseInteger(text, 1, U32_MAX);
  const value = parseQuantity(text, name.endsWith("_bps") ? "rate" : "bytes");
  return value === null || value < 1 ? null : value;
}

/** The caps that are set and make sense, as the API takes them; `null` for none. */
export function capsOf(caps: CapFields): Partial<Record<RateLimitName, number>> | null {
  const given = RATE_LIMIT_FIELDS.flatMap(({ name }) => {
    const value = caps[name].trim() === "" ? null : capValue(name, caps[name]);
    return value === null ? [] : [[name, value] as const];
  });
  return given.length === 0 ? null : Object.fromEntries(given);
}

function isSniPattern(text: string): boolean {
  try {
    return parseSniPattern(text) !== "";
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    return false;
  }
}

const intervalOf = ({ interval }: RuleFields): number | null =>
  parseInteger(interval, 1, RULES.healthCheckIntervalMaxSecs);

/** Whether a single target has to be sent as a list of one, because of what else is asked. */
function needsList({ targets, protocol, interval, caps }: RuleFields): boolean {
  const proxied = protocol === "tcp" && (targets[0]?.proxy ?? "") !== "";
  return proxied || interval.trim() !== "" || Object.values(caps).some((it) => it.trim() !== "");
}

/** The request for a form without problems; `clientName` is what the API knows the client by. */
export function ruleBody(fields: RuleFields, clientName: string): RuleBody {
  const limits = capsOf(fields.caps);
  const interval = intervalOf(fields);
  const sni = mayHaveSni(fields) ? fields.sni.trim().toLowerCase() : "";
  return {
    client: clientName,
    protocol: fields.protocol,
    listen_port: Number(fields.listenStart),
    ...(fields.preferIpv6 ? { prefer_ipv6: true } : {}),
    ...(fields.isMulti || needsList(fields) ? listForm(fields) : singleForm(fields)),
    ...(interval === null ? {} : { health_check_interval_secs: interval }),
    ...(sni === "" ? {} : { sni_pattern: sni }),
    ...(limits === null ? {} : { rate_limit: limits }),
  };
}

/** A list says the order by its priorities; several targets never share a range. */
function listForm({ targets, isMulti, protocol }: RuleFields): Partial<RuleBody> {
  const rows = isMulti ? targets : targets.slice(0, 1);
  const target = ({ host, port, priority, proxy }: TargetFields, i: number) => ({
    host: parseHost(host) ?? host,
    port: Number(port),
    priority: parseInteger(priority, 0, U32_MAX) ?? i,
    ...(proxy === "" || protocol !== "tcp" ? {} : { proxy_protocol: proxy }),
  });
  return { targets: rows.map(target) };
}

function singleForm({ targets: [target], listenEnd, targetEnd }: RuleFields): Partial<RuleBody> {
  const { host = "", port = "" } = target ?? {};
  const isRange = isPort(Number(listenEnd)) && isPort(Number(targetEnd));
  return {
    target_host: parseHost(host) ?? host,
    target_port: Number(port),
    ...(isRange ? { listen_port_end: Number(listenEnd), target_port_end: Number(targetEnd) } : {}),
  };
}
